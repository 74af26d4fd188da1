"""Raw text in, the same text with its typos corrected out."""

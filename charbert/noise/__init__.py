"""One-character edits and the noise models made of them; no torch."""

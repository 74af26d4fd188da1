"""One training run each: settings in, record out."""

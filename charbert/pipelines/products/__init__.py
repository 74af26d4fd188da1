"""Data sets as files: prepared, attacked."""

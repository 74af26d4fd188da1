"""Words, characters and their alignment with subwords; no torch."""

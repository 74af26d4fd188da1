"""What a benchmark is: its reader, encoding, head, decoding and score; one package for each kind of task."""

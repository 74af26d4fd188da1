"""What a benchmark is: its reader, encoding, head, decoding and score."""

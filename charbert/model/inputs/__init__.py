"""What a model reads of a text besides subwords and characters."""

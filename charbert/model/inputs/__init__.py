"""What a model reads of a text: subwords with their characters and the shapes of words."""

"""Examples to features, one module per kind of label."""

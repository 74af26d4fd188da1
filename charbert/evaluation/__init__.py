"""Model and examples to scores."""

"""Files to examples, examples to batches."""

"""A corpus to the batches of pretraining."""

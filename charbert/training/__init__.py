"""Training: a thin layer on the Hugging Face Trainer."""

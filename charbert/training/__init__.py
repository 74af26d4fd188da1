"""A thin layer on the Hugging Face Trainer."""

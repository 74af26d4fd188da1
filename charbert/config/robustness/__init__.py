"""Settings of measurements of fine-tuned models under noise."""

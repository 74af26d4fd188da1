"""Fine-tuned models under noise: families of noise, its strength, and the edits that hurt most."""

"""Access to the layers of pretrained encoders: one small adapter per family."""

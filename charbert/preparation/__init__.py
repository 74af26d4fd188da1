"""Examples before training: cleaned, deduplicated, augmented, balanced; each step reports. No torch."""

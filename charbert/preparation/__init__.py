"""Examples on their way to a model: cleaned, freed of repetitions, augmented, balanced; each step reports. No torch."""

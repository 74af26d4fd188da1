"""Settings of encoders, classical baselines and the word recognizer."""

"""Settings: typed, checked early, documented where they are declared."""

"""Fast implementations of parts of the model; a test compares each with a slow one."""

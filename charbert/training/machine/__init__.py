"""What a training takes of its machine: cores, memory, precision."""

"""One file for each figure or study beyond the tables."""

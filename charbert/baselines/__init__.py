"""Models without a trunk, fitted in seconds: what a table's other rows must be better than. No torch."""

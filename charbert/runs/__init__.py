"""What a run is: its name and key, its record, and which records may be compared."""

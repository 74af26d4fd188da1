"""Records to tables and figures; reads files, runs nothing; no torch."""

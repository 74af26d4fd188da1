"""Settings of data sets, their preparation and division."""

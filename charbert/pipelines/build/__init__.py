"""Settings to objects: data, noise, models, objectives, strategies."""

"""One list of all models and their scores under every kind of noise: as data, and as a page for a browser."""

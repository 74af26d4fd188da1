"""Records and predictions to figures."""

"""A trained model to scores, calibration included."""

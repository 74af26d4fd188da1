"""The wiring: settings in, record out."""

"""Tables as text, the style of all plots, and pages."""

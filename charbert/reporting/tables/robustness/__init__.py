"""Tables of scores under noise: families, strengths, and the noise that models were trained on."""

"""What lies behind the scores: the paper's Figs. 4-6 and the statistics of its introduction."""

"""Analyses of models: the paper's Figs. 4-6, the statistics of its introduction, and attributions."""

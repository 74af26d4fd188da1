"""Repair: words with typos become the words of a dictionary that they probably stand for; no torch, no training."""

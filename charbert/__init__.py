"""CharBERT: character-aware pretrained language models (Ma et al., COLING 2020)."""

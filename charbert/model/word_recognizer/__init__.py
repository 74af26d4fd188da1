"""The word recognizer of the baseline BERT+WordRec (Sec. 4.5)."""

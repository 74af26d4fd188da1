"""The dual-channel encoder and its heads (Sec. 3.2-3.6)."""

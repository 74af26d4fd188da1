"""The earlier name of the tokenizer."""

from __future__ import annotations

from charbert.model.tokenization import CharBertTokenizer

CharBertProcessor = CharBertTokenizer

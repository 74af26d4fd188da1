"""One tag for each word: named entities and parts of speech."""

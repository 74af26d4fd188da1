"""The word lists of the newswire, read from the text files beside the code."""

from importlib.resources import files


def read_text(name: str) -> str:
    """Return the text of a file in ``charbert/synthetic/text`` without its comments, which begin with ``# ``."""
    lines = files("charbert.synthetic").joinpath("text", name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("# "))


def read_lists(name: str, separator: str | None = None) -> dict[str, tuple[str, ...]]:
    """Return the lists of a file: a key at the start of a line, then its items; indented lines continue a list.

    Args:
        separator: between items; None: white space.
    """
    entries = read_text(name).replace("\n    ", " ").splitlines()
    pairs = (entry.split(maxsplit=1) for entry in entries)
    return {key: tuple(item.strip() for item in items.split(separator)) for key, items in pairs}


LEXICON = read_lists("lexicon.txt")
"""Words of each class, for templates to vary; the name of a class begins with their Penn part of speech."""

FUNCTION_POS = {word: pos for pos, words in reversed(read_lists("function_words.txt").items()) for word in words}
"""Penn part of speech of the function words and marks that templates may use without one."""

COUNTRIES = tuple((country, adjective) for country, (adjective,) in read_lists("countries.txt").items())
"""Each country with the adjective of its people."""

"""Reads noisy copies of tagged sentences that are given as edit operations, without the text itself.

Noisy copies of CoNLL-2003 are published in this form (Namysl et al., Findings of ACL 2021), since the text may not be.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.lines import read_lines
from charbert.errors import DataError

OPERATIONS = {"-": "keep", "s": "substitute", "i": "insert", "d": "delete"}
"""Each by its letter; all but ``i`` consume a character of the clean word, ``s`` and ``i`` put one in."""
_ENDING = "_ops.txt"


def read_noisy(path: Path, clean: Sequence[TaggedSentence], source: Path | str) -> list[TaggedSentence]:
    r"""Return the clean sentences with noisy words; tags, documents and lines are those of the clean ones.

    A line has the operations of one word, in the order of its characters, then a space and the characters put in:
    ``--s- w`` turns ``four`` into ``fowr``. An empty line ends a sentence; lines of ``-DOCSTART-`` have none.

    Where ``NAME_ops.txt`` has a file ``NAME.md5`` beside it, the noisy sentences are checked with it: the MD5 checksum
    of lines ``noisy word\tclean word\ttag``, tags in IOB2, with an empty line after each sentence.

    Args:
        source: the clean file, for errors.

    Raises:
        DataError: if the file is missing or not UTF-8, has other sentences or words than the clean ones, has operations
            that are unknown or do not fit their word, or gives another checksum.
    """
    noisy: list[TaggedSentence] = []
    for own, sentence in zip_longest(_sentences(path), clean):
        if sentence is None:
            raise _other_text(path, own[0][0], f"{len(clean)} sentences, as {source} has", "a further one", source)
        place = source if sentence.line is None else f"{source}:{sentence.line}"
        if own is None:
            found = f"{len(noisy)}"
            raise _other_text(path, None, f"{len(clean)} sentences, as {source} has", found, source)
        if len(own) != len(sentence.words):
            expected = f"a sentence of {len(sentence.words)} words, as at {place}"
            raise _other_text(path, own[0][0], expected, f"{len(own)}", source)
        words = [_apply(path, number, line, word) for (number, line), word in zip(own, sentence.words, strict=True)]
        noisy.append(replace(sentence, words=tuple(words)))
    _check_sum(path, clean, noisy, source)
    return noisy


def _sentences(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines of each sentence with their numbers."""
    own: list[tuple[int, str]] = []
    for number, line in enumerate([*read_lines(path, "a file of edit operations"), ""], start=1):
        if line:
            own.append((number, line))
        elif own:
            yield own
            own = []


def _apply(path: Path, number: int, line: str, word: str) -> str:
    operations, _, added = line.partition(" ")
    for operation in operations:
        if operation not in OPERATIONS:
            known = ", ".join(f"{letter} ({name})" for letter, name in OPERATIONS.items())
            raise DataError.at(path, number, expected=f"operations {known}", found=f"{operation!r} in {line!r}")
    consumed, put_in = len(operations) - operations.count("i"), operations.count("s") + operations.count("i")
    for what, expected, found in (
        (f"operations for the {len(word)} characters of {word!r}", len(word), consumed),
        ("a character for each s and i", put_in, len(added)),
    ):
        if expected != found:
            hint = "were the operations made for another version of the clean file?"
            raise DataError.at(path, number, expected=f"{what}, {expected}", found=f"{found} in {line!r}", hint=hint)
    characters, new = iter(word), iter(added)
    result = ""
    for operation in operations:
        kept = "" if operation == "i" else next(characters)
        result += kept if operation == "-" else "" if operation == "d" else next(new)
    if not result.strip():
        raise DataError.at(path, number, expected=f"operations that leave something of {word!r}", found=f"{line!r}")
    return result


def _other_text(path: Path, number: int | None, expected: str, found: str, source: Path | str) -> DataError:
    return DataError.at(path, number, expected=expected, found=found, hint=f"were the operations made for {source}?")


def _check_sum(
    path: Path, clean: Sequence[TaggedSentence], noisy: Sequence[TaggedSentence], source: Path | str
) -> None:
    """Compare the noisy sentences with the checksum beside their operations, if there is one."""
    sum_path = path.with_name(path.name.removesuffix(_ENDING) + ".md5")
    if not path.name.endswith(_ENDING) or not sum_path.is_file():
        return
    content = hashlib.md5(usedforsecurity=False)
    for before, after in zip(clean, noisy, strict=True):
        rows = zip(after.words, before.words, before.tags, strict=True)
        content.update(("".join("\t".join(row) + "\n" for row in rows) + "\n").encode())
    expected = "".join(read_lines(sum_path, "a file with an MD5 checksum")).strip()
    if content.hexdigest() != expected:
        raise DataError.at(
            sum_path,
            1,
            expected=f"the checksum of the noisy sentences, {content.hexdigest()}",
            found=repr(expected),
            hint=f"{source} has other words or tags than the file that {path.name} was made for; "
            f"delete {sum_path.name} to use it nevertheless",
        )

"""Files of lines in, the same lines with corrected words out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from charbert.deploy.predict.sources import STANDARD_INPUT, check_output, read_source
from charbert.files import write_atomically
from charbert.text.repair.repaired import CorrectsWords, changed_words
from charbert.text.word_rule import ADDRESS
from charbert.text.words import replace_words

LINES_AT_ONCE = 256
"""Lines that a corrector sees together: a model reads those of similar length in one batch."""


@dataclass(frozen=True)
class Change:
    """A word that was replaced."""

    start: int
    """First character in the given line."""
    end: int
    """One past the last."""
    before: str
    after: str


@dataclass(frozen=True)
class CorrectedLine:
    """A line after correction."""

    text: str
    changes: list[Change]
    """From left to right."""


def correct_lines(lines: Sequence[str], corrector: CorrectsWords) -> Iterator[CorrectedLine]:
    """Yield each line with its words corrected, as many lines as were given; each line is a text of its own.

    Only words change, as cut by `charbert.text.words.split_words`: spaces, punctuation, line ends and addresses of the
    web and of mail are as they were.
    """
    for start in range(0, len(lines), LINES_AT_ONCE):
        part = lines[start : start + LINES_AT_ONCE]
        addresses = {address for line in part for address in ADDRESS.findall(line)}
        for line, (spans, words) in zip(part, changed_words(part, corrector, addresses), strict=True):
            changes = [Change(*span, line[slice(*span)], word) for span, word in zip(spans, words, strict=True)]
            yield CorrectedLine(replace_words(line, spans, words)[0], changes)


def correct_files(
    corrector: CorrectsWords,
    names: Sequence[str],
    *,
    output: Path | None = None,
    jsonl: bool = False,
    progress: bool = True,
) -> None:
    """Write the lines of files with their words corrected to standard output or a file, in order.

    Line ends are those of the input; after the last line of a file there is one if another file follows.

    Args:
        corrector: of the words.
        names: of text files; ``-`` or none at all is standard input.
        output: written as a whole at the end; None: standard output, line by line.
        jsonl: an object with the corrected ``text`` and the ``changes`` per line, in place of the text; line ends are
            left out.
        progress: whether standard error shows a progress bar.

    Raises:
        DataError: if a file is missing, is not UTF-8 (with file and line), or is the output.
    """
    check_output(output, names)
    lines = _read_lines(names)
    with tqdm(total=len(lines), unit=" lines", desc="correcting", file=sys.stderr, disable=not progress) as bar:
        written = _written(lines, corrector, jsonl, bar)
        if output is not None:
            write_atomically(output, "".join(written))
            return
        for text in written:
            sys.stdout.buffer.write(text.encode())
            sys.stdout.buffer.flush()


def _read_lines(names: Sequence[str]) -> list[str]:
    r"""Return the lines of all files with their ends; only ``\n`` ends a line, so that none is merged or divided."""
    texts = [read_source(name, sys.stdin.buffer)[1] for name in names or [STANDARD_INPUT]]
    whole = "".join(f"{text}\n" if text and not text.endswith("\n") else text for text in texts[:-1]) + texts[-1]
    lines = [f"{line}\n" for line in whole.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    return lines if lines[-1] else lines[:-1]


def _written(lines: Sequence[str], corrector: CorrectsWords, jsonl: bool, bar: tqdm[None]) -> Iterator[str]:
    for line in correct_lines([line.rstrip("\r\n") for line in lines] if jsonl else lines, corrector):
        bar.update()
        yield f"{json.dumps(asdict(line), ensure_ascii=False)}\n" if jsonl else line.text

"""Rows with a list of words and a list of tags to tagged sentences: splits on the hub, JSON lines, Parquet files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.tables import read_records
from charbert.errors import DataError

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows

WORD_FIELDS = ("tokens", "words")
ENTITY_FIELDS = ("ner_tags", "tags", "labels", "label")
POS_FIELDS = ("pos_tags", "upos", "tags", "labels", "label", "ner_tags")
"""Usual names of the lists, the first that a file has; ``task.columns.first`` and ``label`` name others."""

_BREAKS = re.compile(r"[\t\r\n]+")

Refusal = Callable[[str, Any], DataError]
"""What was expected and what was found in a row, to its error."""


def hub_sentences(rows: HubRows, columns: ColumnSettings, *, entities: bool) -> list[TaggedSentence]:
    """Return the tagged sentences of a split, without empty ones.

    Raises:
        DataError: naming the first row without a tag for each word.
    """
    word, tag = _fields(rows.rows.features, columns, entities)
    rows.hub_columns = {"word": word, "tag": tag, **rows.hub_columns}
    sentences = []
    for number, (words, tags) in enumerate(rows.read("word", "tag")):

        def refuse(expected: str, found: Any, row: int = number) -> DataError:
            return rows.error(row, expected, found)

        sentence = _sentence(words, tags, columns, entities, None, refuse)
        if sentence.words:
            sentences.append(sentence)
    return sentences


def record_sentences(
    path: Path, columns: ColumnSettings, *, entities: bool, errors: list[ExampleError] | None = None
) -> list[TaggedSentence]:
    """Return the tagged sentences of JSON lines or of a Parquet file, without empty ones.

    Args:
        columns: ``first`` and ``label`` name the lists of words and tags, if they have other names than
            `WORD_FIELDS` and `ENTITY_FIELDS` or `POS_FIELDS`; ``label_names`` gives tags other names.
        entities: whether the tags are those of entities.
        errors: None: a malformed row is an error. A list: it is left out and added to it.

    Raises:
        DataError: naming the row, if it lacks the lists or a tag for each word, or the file has no sentence.
    """
    sentences: list[TaggedSentence] = []
    word = tag = ""
    for position, (number, row) in enumerate(read_records(path)):
        if not position:
            word, tag = _fields(row, columns, entities)
            missing = [name for name in (word, tag) if name not in row]
            if missing:
                found = f"{', '.join(row) or 'nothing'} without {', '.join(missing)}"
                hint = "name yours with task.columns.first=FIELD task.columns.label=FIELD"
                raise DataError.at(path, number, expected=f"the fields {word} and {tag}", found=found, hint=hint)

        def refuse(expected: str, found: Any, line: int = number) -> DataError:
            return DataError.at(path, line, expected=expected, found="nothing" if found is None else repr(found)[:80])

        try:
            sentence = _sentence(row.get(word), row.get(tag), columns, entities, number, refuse)
        except DataError as error:
            if errors is None:
                raise
            errors.append(ExampleError(len(sentences) + len(errors), f"{path}:{number}", str(error), str(row)))
            continue
        if sentence.words:
            sentences.append(sentence)
    if not sentences:
        raise DataError.at(path, None, expected="at least one sentence", found="none", hint="is the file empty?")
    return sentences


def _fields(present: Collection[str], columns: ColumnSettings, entities: bool) -> tuple[str, str]:
    """Return the names of the lists of words and of tags: those that the settings name, else the usual ones."""
    usual = ColumnSettings()
    words = WORD_FIELDS if columns.first == usual.first else (columns.first,)
    usual_tags = ENTITY_FIELDS if entities else POS_FIELDS
    tags = usual_tags if columns.label == usual.label else (columns.label,)
    word, tag = (next((name for name in names if name in present), names[0]) for names in (words, tags))
    return word, tag


def _sentence(
    words: Any, tags: Any, columns: ColumnSettings, entities: bool, line: int | None, refuse: Refusal
) -> TaggedSentence:
    for value, what in ((words, "words"), (tags, "tags")):
        if not isinstance(value, list) or any(item is None or isinstance(item, list | dict) for item in value):
            raise refuse(f"a list of {what} without missing items", value)
    texts = [_BREAKS.sub(" ", str(word)).strip() for word in words]
    if not all(texts):
        raise refuse("words with characters", words)
    names = [columns.label_names.get(str(tag), str(tag)) for tag in tags]
    if len(texts) != len(names):
        raise refuse(f"{len(texts)} tags, one a word,", tags)
    if entities and names and all(map(str.isdigit, names)):
        raise refuse("tags with names (task.columns.label_names=[O,B-PER,I-PER] names 0, 1 and 2)", tags)
    return TaggedSentence(tuple(texts), tuple(names), line=line)

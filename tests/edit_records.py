"""Repeating recorded edits."""

from collections.abc import Sequence

from charbert.noise.edits import Change, EditRecord, apply_edit


def replay(record: EditRecord) -> str:
    """Return the word after the recorded edit of ``record.before``; a correct record gives ``record.after``."""
    index, operation, position, before, after = record
    assert index >= 0 and 0 <= position <= len(before) and before != after
    if isinstance(operation, Change):
        assert before[:position] == after[:position]
        return after
    return apply_edit(operation, before, position, after[position : position + 1])


def replay_all(words: Sequence[str], records: Sequence[EditRecord]) -> list[str]:
    """Return the words after all records, each of which begins with what the ones before it left."""
    edited = list(words)
    for record in records:
        assert edited[record.word_index] == record.before
        edited[record.word_index] = replay(record)
        assert edited[record.word_index] == record.after
    return edited

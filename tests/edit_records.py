"""Repeating recorded edits."""

from charbert.noise.edits import EditRecord, apply_edit


def replay(record: EditRecord) -> str:
    """Return the word after the recorded edit of ``record.before``; a correct record gives ``record.after``."""
    assert 0 <= record.position < len(record.before)
    return apply_edit(
        record.operation, record.before, record.position, record.after[record.position : record.position + 1]
    )

"""What happened to a set, as data: numbers for a report, and all examples that were dropped, changed or reported."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.steps import Prepared, Row


def describe_set(adapter: ExampleAdapter[Any], rows: Sequence[Row], prepared: Prepared) -> dict[str, Any]:
    """Return a set before and after its steps: examples, classes, lengths, and what each step did.

    Args:
        adapter: texts and classes of an example.
        rows: before; what was malformed is not among them.
        prepared: after.
    """
    unread = sum(report.rows_in - report.rows_out for report in prepared.reports if report.step == "reading")
    sides = {"before": rows, "after": prepared.rows}
    return {
        "examples": {"before": len(rows) + unread, "after": len(prepared.rows)},
        "dropped": len(prepared.dropped),
        "added": sum(report.added for report in prepared.reports),
        "changed": len({(change.index, change.step) for change in prepared.changes}),
        "classes": {side: _count_classes(adapter, own) for side, own in sides.items()},
        "words": {side: _count_words(adapter, own) for side, own in sides.items()},
        "steps": [asdict(report) for report in prepared.reports],
    }


def _count_classes(adapter: ExampleAdapter[Any], rows: Sequence[Row]) -> dict[str, int]:
    """Return how many examples belong to each class, by name; one may belong to several."""
    return dict(sorted(Counter(name for row in rows for name in adapter.kinds(row.example)).items()))


def _count_words(adapter: ExampleAdapter[Any], rows: Sequence[Row]) -> dict[str, int]:
    """Return how many examples have how many words, those of a pair together."""
    counts = Counter(sum(adapter.lengths(row.example)) for row in rows)
    return {str(length): count for length, count in sorted(counts.items())}


def listings(prepared: Mapping[str, Prepared]) -> dict[str, str]:
    """Return the lists of dropped, changed and reported examples, JSON lines by the name of their file.

    A line names its set, and the position and place of the example in its file.
    """
    return {
        "dropped.jsonl": _lines((name, asdict(example)) for name, each in prepared.items() for example in each.dropped),
        "changed.jsonl": _lines((name, asdict(change)) for name, each in prepared.items() for change in each.changes),
        "findings.jsonl": _lines((name, finding) for name, each in prepared.items() for finding in each.findings),
    }


def _lines(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    return "".join(json.dumps({"set": name, **row}, ensure_ascii=False) + "\n" for name, row in rows)

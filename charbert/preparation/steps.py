"""A preparation as a list of steps, and a report of each; every example that leaves is kept with its reason."""

import logging
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from charbert.preparation.adapter import ExampleAdapter

log = logging.getLogger(__name__)

_SHOWN = 5  # changes that a report shows of each kind; the files have all


@dataclass(frozen=True)
class Row:
    """An example, and where it came from."""

    example: Any
    index: int
    """Position in its file among all examples, malformed ones included, from 0."""
    place: str
    """File and line, or file and question."""
    added_by: str = ""
    """The step that made it from the example at ``index``; empty for an example of the file."""


@dataclass(frozen=True)
class Dropped:
    """An example that a step left out, and why."""

    index: int
    place: str
    step: str
    reason: str
    """What it is counted under, as ``near duplicate``."""
    detail: str = ""
    """What the reason does not say, as the place of the example that it repeats."""
    content: Any = None
    """The example in a form for people."""
    added_by: str = ""


@dataclass(frozen=True)
class Change:
    """What a step did to an example that stayed."""

    index: int
    place: str
    step: str
    what: str
    """What it is counted under."""
    before: str
    after: str


@dataclass
class Outcome:
    """Rows after a step; rows in and rows added are the rows here and the dropped ones together."""

    rows: list[Row]
    dropped: list[Dropped] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    """Further lines of the report."""
    findings: list[dict[str, Any]] = field(default_factory=list)
    """Examples that it reports and leaves unchanged."""


class Step(ABC):
    """One operation on a list of rows; it never alters the list or the examples that it is given."""

    name: ClassVar[str]
    training_only: ClassVar[bool] = False
    """Whether the step is for training examples alone, so that a split comes before it."""

    @abstractmethod
    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Return the rows after the step."""

    def drop(self, row: Row, adapter: ExampleAdapter[Any], reason: str, detail: str = "") -> Dropped:
        """Return the note that ``row`` is left out."""
        content = adapter.describe(row.example)
        return Dropped(row.index, row.place, self.name, reason, detail, content, row.added_by)

    def change(self, row: Row, what: str, before: str, after: str) -> Change:
        """Return the note that a text or label of ``row`` was changed."""
        return Change(row.index, row.place, self.name, what, before, after)


@dataclass(frozen=True)
class StepReport:
    """What a step did, in numbers."""

    step: str
    rows_in: int
    rows_out: int
    dropped: dict[str, int]
    """By reason."""
    changed: dict[str, int]
    """By what was changed."""
    added: int
    findings: int
    """Examples that it reports and leaves unchanged."""
    shown: dict[str, list[str]]
    """A few of the dropped and changed, by reason."""
    notes: dict[str, Any]

    @classmethod
    def of(cls, step: str, outcome: Outcome, added: int = 0) -> Self:
        """Return the report of a step that made ``added`` rows."""
        shown: dict[str, list[str]] = defaultdict(list)
        for example in outcome.dropped:
            shown[example.reason].append(f"{example.place}{': ' if example.detail else ''}{example.detail}")
        for change in outcome.changes:
            shown[change.what].append(f"{change.place}: {change.before!r} -> {change.after!r}")
        return cls(
            step,
            rows_in=len(outcome.rows) + len(outcome.dropped) - added,
            rows_out=len(outcome.rows),
            dropped=dict(Counter(example.reason for example in outcome.dropped).most_common()),
            changed=dict(Counter(change.what for change in outcome.changes).most_common()),
            added=added,
            findings=len(outcome.findings),
            shown={reason: lines[:_SHOWN] for reason, lines in shown.items()},
            notes=outcome.notes,
        )


@dataclass
class Prepared:
    """Rows after all steps, and what happened on the way."""

    rows: list[Row]
    dropped: list[Dropped] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    """Examples that a step reports, with the step's name."""
    reports: list[StepReport] = field(default_factory=list)

    @property
    def examples(self) -> list[Any]:
        """The examples alone."""
        return [row.example for row in self.rows]


def run_steps(
    rows: Sequence[Row], steps: Sequence[Step], adapter: ExampleAdapter[Any], dropped: Sequence[Dropped] = ()
) -> Prepared:
    """Return the rows after the steps, one after another.

    Args:
        rows: the examples, in the order of their file.
        adapter: texts and labels of an example.
        dropped: what was malformed, and so left out before.
    """
    prepared = Prepared(list(rows), list(dropped))
    for step in steps:
        outcome = step.apply(prepared.rows, adapter)
        added = len(outcome.rows) + len(outcome.dropped) - len(prepared.rows)
        made = sum(row.added_by == step.name for row in outcome.rows)
        assert added == made, f"step {step.name} lost rows: {made} made, {added} more than before"
        prepared.rows = outcome.rows
        prepared.dropped += outcome.dropped
        prepared.changes += outcome.changes
        prepared.findings += [{"step": step.name, **finding} for finding in outcome.findings]
        prepared.reports.append(StepReport.of(step.name, outcome, added))
        log.info("%s: %s", step.name, describe_report(prepared.reports[-1]))
    return prepared


def describe_report(report: StepReport) -> str:
    """Return a step's numbers in a line."""
    parts = [f"{count} dropped ({reason})" for reason, count in report.dropped.items()]
    parts += [f"{count} changed ({what})" for what, count in report.changed.items()]
    parts += [f"{report.added} added"] if report.added else []
    parts += [f"{report.findings} to look at"] if report.findings else []
    return f"{report.rows_in} -> {report.rows_out} examples; " + (", ".join(parts) or "nothing to do")

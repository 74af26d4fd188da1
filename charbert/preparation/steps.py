"""A preparation as a list of steps, and what each reports: nothing is lost, whatever goes is kept with its reason."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from charbert.preparation.adapter import ExampleAdapter

log = logging.getLogger(__name__)

Example = TypeVar("Example")

_SHOWN = 5  # changes that a report shows of each kind; the files have all


@dataclass(frozen=True)
class Row(Generic[Example]):
    """An example, and where it came from."""

    example: Example
    index: int
    """Position in its file among all examples, malformed ones included, from 0."""
    place: str
    """File and line, or file and question."""
    added_by: str = ""
    """The step that made it of the example at ``index``; empty for an example of the file."""


@dataclass(frozen=True)
class Dropped:
    """An example that a step took out, and why."""

    index: int
    place: str
    step: str
    reason: str
    """What it is counted under, as ``near duplicate``."""
    detail: str = ""
    """What the reason does not say, as the place of the example that it repeats."""
    content: Any = None
    """The example as a person reads it."""
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
class Outcome(Generic[Example]):
    """Rows after a step; rows in and rows added are the rows here and the dropped ones together."""

    rows: list[Row[Example]]
    dropped: list[Dropped] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    """What else the report should say."""
    findings: list[dict[str, Any]] = field(default_factory=list)
    """Examples that it points at and leaves where they are."""


class Step(ABC):
    """One thing done to a list of rows; it never alters the list or the examples that it is given."""

    name: ClassVar[str]
    training_only: ClassVar[bool] = False
    """Whether the step makes sense for examples to train on only, so that a split comes before it."""

    @abstractmethod
    def apply(self, rows: Sequence[Row[Any]], view: ExampleAdapter[Any]) -> Outcome[Any]:
        """Return the rows after the step."""

    def drop(self, row: Row[Any], view: ExampleAdapter[Any], reason: str, detail: str = "") -> Dropped:
        """Return the note that ``row`` is left out."""
        content = view.describe(row.example)
        return Dropped(row.index, row.place, self.name, reason, detail, content, row.added_by)

    def change(self, row: Row[Any], what: str, before: str, after: str) -> Change:
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
    """Examples that it points at and leaves where they are."""
    shown: dict[str, list[str]]
    """A few of the dropped and changed, by reason."""
    notes: dict[str, Any]


@dataclass
class Prepared(Generic[Example]):
    """Rows after all steps, and what happened on the way."""

    rows: list[Row[Example]]
    dropped: list[Dropped] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    """Examples that a step points at, with the step's name."""
    reports: list[StepReport] = field(default_factory=list)

    @property
    def examples(self) -> list[Example]:
        """The examples alone."""
        return [row.example for row in self.rows]


def run_steps(
    rows: Sequence[Row[Example]], steps: Sequence[Step], view: ExampleAdapter[Example], dropped: Sequence[Dropped] = ()
) -> Prepared[Example]:
    """Return the rows after the steps, one after another.

    Args:
        rows: the examples, in the order of their file.
        steps: what to do with them.
        view: texts and labels of an example.
        dropped: what was malformed, and so left out before.
    """
    prepared = Prepared(list(rows), list(dropped))
    for step in steps:
        before = prepared.rows
        outcome = step.apply(before, view)
        added = len(outcome.rows) + len(outcome.dropped) - len(before)
        made = [row for row in outcome.rows if row.added_by == step.name]
        assert added == len(made), f"step {step.name} lost rows: {len(made)} made, {added} more than before"
        prepared.rows = outcome.rows
        prepared.dropped += outcome.dropped
        prepared.changes += outcome.changes
        prepared.findings += [{"step": step.name, **finding} for finding in outcome.findings]
        prepared.reports.append(_report(step, len(before), outcome, added))
        log.info("%s: %s", step.name, describe_report(prepared.reports[-1]))
    return prepared


def describe_report(report: StepReport) -> str:
    """Return a step's numbers in a line."""
    parts = [f"{count} dropped ({reason})" for reason, count in report.dropped.items()]
    parts += [f"{count} changed ({what})" for what, count in report.changed.items()]
    parts += [f"{report.added} added"] if report.added else []
    parts += [f"{report.findings} to look at"] if report.findings else []
    return f"{report.rows_in} -> {report.rows_out} examples; " + (", ".join(parts) or "nothing to do")


def report_dropped(step: str, rows_out: int, dropped: Sequence[Dropped]) -> StepReport:
    """Return the report of what was left out before the first step."""
    return _report_parts(step, rows_out + len(dropped), rows_out, dropped, [], 0, 0, {})


def _report(step: Step, rows_in: int, outcome: Outcome[Any], added: int) -> StepReport:
    return _report_parts(
        step.name,
        rows_in,
        len(outcome.rows),
        outcome.dropped,
        outcome.changes,
        added,
        len(outcome.findings),
        outcome.notes,
    )


def _report_parts(
    step: str,
    rows_in: int,
    rows_out: int,
    dropped: Sequence[Dropped],
    changes: Sequence[Change],
    added: int,
    findings: int,
    notes: dict[str, Any],
) -> StepReport:
    shown: dict[str, list[str]] = {}
    for example in dropped:
        lines = shown.setdefault(example.reason, [])
        if len(lines) < _SHOWN:
            lines.append(f"{example.place}{': ' if example.detail else ''}{example.detail}")
    for change in changes:
        lines = shown.setdefault(change.what, [])
        if len(lines) < _SHOWN:
            lines.append(f"{change.place}: {change.before!r} -> {change.after!r}")
    return StepReport(
        step,
        rows_in,
        rows_out,
        dict(Counter(example.reason for example in dropped).most_common()),
        dict(Counter(change.what for change in changes).most_common()),
        added,
        findings,
        shown,
        notes,
    )

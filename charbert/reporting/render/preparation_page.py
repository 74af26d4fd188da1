"""The report of data preparation: a Markdown page, and a figure of classes and lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.reporting.render.plot_style import CYCLE, add_legend, panels, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHEN = {"before": CYCLE[0], "after": CYCLE[1]}
_MOST_CLASSES = 20
_SHOWN = 5


def render_report(report: Mapping[str, Any]) -> str:
    """Return a report as Markdown: what each step did to each set, with a few examples of it."""
    lines = [f"# Preparation {report['preparation']} of {report['task']}, seed {report['seed']}", ""]
    for name, summary in report["sets"].items():
        lines += [f"## {name}", "", _in_a_sentence(summary), ""]
        lines += ["| step | in | out | dropped | changed | added | to look at |", "|---|---:|---:|---|---|---:|---:|"]
        lines += [_step_line(step) for step in summary["steps"]] + [""]
        lines += _class_table(summary["classes"])
        for step in summary["steps"]:
            lines += _details(step)
    if report.get("files"):
        lines += ["## Files", "", *(f"- `{file}` sha256 `{digest}`" for file, digest in report["files"].items()), ""]
    return "\n".join(lines).rstrip() + "\n"


def _in_a_sentence(summary: Mapping[str, Any]) -> str:
    examples = summary["examples"]
    return (
        f"{examples['before']} examples before, {examples['after']} after: {summary['dropped']} dropped, "
        f"{summary['added']} added, {summary['changed']} changed."
    )


def _step_line(step: Mapping[str, Any]) -> str:
    dropped, changed = (
        ", ".join(f"{count} {_cell(what)}" for what, count in step[name].items()) or "–"
        for name in ("dropped", "changed")
    )
    numbers = f"| {step['step']} | {step['rows_in']} | {step['rows_out']} | {dropped} | {changed} |"
    return f"{numbers} {step['added']} | {step['findings']} |"


def _class_table(classes: Mapping[str, Mapping[str, int]]) -> list[str]:
    names = sorted({*classes["before"], *classes["after"]})
    lines = ["| class | before | after |", "|---|---:|---:|"]
    lines += [
        f"| {_cell(name)} | {classes['before'].get(name, 0)} | {classes['after'].get(name, 0)} |" for name in names
    ]
    return [*lines, ""]


def _details(step: Mapping[str, Any]) -> list[str]:
    lines = [f"- {name}: {_cell(str(value))}" for name, value in step["notes"].items()]
    for reason, shown in step["shown"].items():
        lines += [f"- {_cell(reason)}, for example:"] + [f"    - {_cell(example)}" for example in shown[:_SHOWN]]
    return [f"### {step['step']}", "", *lines, ""] if lines else []


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("<", "\\<").replace("\n", " ")


def preparation_figure(report: Mapping[str, Any], folder: Path | str, stem: str) -> list[Path]:
    """Draw classes and lengths of the first set before and after, and return the paths of the files.

    Raises:
        RecordError: if they cannot be written.
    """
    name, summary = next(iter(report["sets"].items()))
    with panels(2, width=8.4, height=3.8) as (figure, axes):
        _draw_classes(axes[0], summary["classes"])
        _draw_lengths(axes[1], summary["words"])
        add_legend(figure, axes, list(_WHEN))
        caption = f"{report['task']}, {name}, preparation {report['preparation']}: {_in_a_sentence(summary)}"
        return save_figure(figure, folder, stem, caption)


def _draw_classes(axis: Axes, classes: Mapping[str, Mapping[str, int]]) -> None:
    total = {
        name: sum(counts.get(name, 0) for counts in classes.values()) for counts in classes.values() for name in counts
    }
    names = sorted(total, key=lambda name: (-total[name], name))[:_MOST_CLASSES]
    for at, (when, color) in enumerate(_WHEN.items()):
        places = [place + 0.4 * (at - 0.5) for place in range(len(names))]
        axis.barh(places, [classes[when].get(name, 0) for name in names], 0.38, color=color, label=when)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set_xlabel("examples of a class")


def _draw_lengths(axis: Axes, words: Mapping[str, Mapping[str, int]]) -> None:
    longest = max((int(length) for counts in words.values() for length in counts), default=1)
    edges = _length_edges(longest)
    for when, color in _WHEN.items():
        values = [int(length) for length in words[when]]
        axis.hist(
            values, edges, weights=list(words[when].values()), histtype="step", color=color, linewidth=1.6, label=when
        )
    axis.set_xscale("log")
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if tick <= longest]
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("words of an example")
    axis.set_ylabel("examples")


def _length_edges(longest: int) -> Sequence[float]:
    """Return the edges of bins of lengths, between whole numbers and about a tenth of a length apart."""
    edges, at = [0.5], 1.0
    while edges[-1] < longest:
        at = max(at + 1, at * 1.12)
        edges.append(round(at) - 0.5)
    return edges

"""The table of benchmarks from their record."""

from dataclasses import dataclass

from charbert.records import ResultRecord


@dataclass(frozen=True)
class Figure:
    """One measured figure and what it should reach."""

    name: str
    """As in the record's metrics, after ``bench/``."""
    text: str
    """What it is, precision and dropout with it."""
    target: float
    at_least: bool
    """Whether larger is better."""
    digits: int = 2

    def meets(self, value: float) -> bool:
        """Return whether a value reaches the target."""
        return value >= self.target if self.at_least else value <= self.target


FIGURES = (
    Figure("train_bf16/released", "training step, bf16, no dropout: released maths / ours", 1.9, True),
    Figure("train_fp32_dropout/released", "training step, fp32, dropout: released maths / ours", 1.5, True),
    Figure("train_bf16_dropout/trunk", "training step, bf16, dropout: ours / equally tuned trunk", 2.3, False),
    Figure("inference_bf16/trunk", "inference, bf16: ours / equally tuned trunk", 2.4, False),
    Figure("memory/released", "peak memory of a training step, bf16, dropout: ours / released maths", 0.6, False),
    Figure(
        "data/subwords_per_second", "data pipeline: noise, masks, subwords, characters; per second", 300_000, True, 0
    ),
    Figure("attack/words_per_second", "attack generator: words per second, one process", 300_000, True, 0),
    Figure("small_bf16_dropout/char_encoder", "small trunk, bf16, dropout: char encoder's share of a step", 0.2, False),
)
"""What has a target; a record may hold more."""


def benchmark_table(record: ResultRecord) -> str:
    """Return a Markdown table of the figures that have a target, and one of all times under it."""
    lines = ["| figure | target | measured | |", "|---|---|---|---|"]
    for figure in FIGURES:
        value = record.metrics.get(f"bench/{figure.name}")
        if value is None:
            continue
        sign = "≥" if figure.at_least else "≤"
        target, measured = (f"{number:,.{figure.digits}f}" for number in (figure.target, value))
        lines.append(f"| {figure.text} | {sign} {target} | {measured} | {'met' if figure.meets(value) else 'missed'} |")
    lines += ["", "| medians | seconds |", "|---|---|"]
    times = record.details["seconds"]
    lines += [f"| {setting}: {name} | {value:.3f} |" for setting in times for name, value in times[setting].items()]
    lines += ["", "| peak memory over an idle process | MB |", "|---|---|"]
    lines += [f"| {name} | {value:,.0f} |" for name, value in record.details["megabytes"].items()]
    return "\n".join(lines) + "\n"


PEER_TIMES = {
    "train": "training step",
    "one": "forward pass, 1 text",
    "many": "forward pass, 32 texts",
    "text": "from text, 32 texts",
}
"""What is timed of each peer, as in ``details["seconds"]``, and the heading of its column."""


def peer_table(record: ResultRecord) -> str:
    """Return a Markdown table of the times of all peers as ratios to those of BERT, the first of them."""
    lines = ["| model | million weights | positions a text | " + " | ".join(PEER_TIMES.values()) + " |"]
    lines.append("|---|" + "---:|" * (2 + len(PEER_TIMES)))
    for name, weights in record.details["weights"].items():
        ratios = [record.metrics.get(f"bench/{timed}/{name}") for timed in PEER_TIMES]
        cells = ["" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
        sizes = f"{weights / 1e6:.1f} | {record.details['positions'][name]:.0f}"
        lines.append(f"| {name} | {sizes} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def scaling_table(record: ResultRecord) -> str:
    """Return a Markdown table of the steps of other sizes, with what the cost model says of each, and the model."""
    scaling = record.details["scaling"]
    lines = ["| width | layers | sequences | subwords each | seconds a step | model | subwords/s |"]
    lines.append("|---:|---:|---:|---:|---:|---:|---:|")
    for step in scaling["steps"]:
        sizes = " | ".join(str(step[name]) for name in ("hidden_size", "layers", "batch_size", "length"))
        times = f"{step['seconds']:.2f} | {step['predicted_seconds']:.2f} | {step['subwords_per_second']:,.0f}"
        lines.append(f"| {sizes} | {times} |")
    model = scaling["model"]
    lines += ["", "| a step's time is the sum of | seconds |", "|---|---:|"]
    lines += [f"| {text} | {model[name]:.3g} |" for name, text in _COSTS.items()]
    return "\n".join(lines) + "\n"


_COSTS = {
    "seconds_per_operation": "each operation of the layers' matrix products, 6 per weight and subword",
    "seconds_per_weight": "each weight: conversion, clipping, AdamW",
    "seconds_per_character": "each character of a row, which the GRU reads one after the other",
    "seconds_per_step": "the step",
}

"""Hyper-parameters compared: one model under several settings of pretraining and fine-tuning, on one task."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from omegaconf import OmegaConf

from charbert.config.schema import Settings
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, Row, Table
from charbert.reporting.tables.paper import score_title, table_attack
from charbert.reporting.tables.scores import changed_words_notes, describe, metric_cell, row_label, setting

_PRETRAINING = ("pretraining_seed", "corpus", "noise", "pretraining")
"""Settings of pretraining, which say nothing about a model that had none."""
_SCRATCH = ("pretraining_seed", "corpus", "trunk")
"""Settings of a trunk that is pretrained from scratch; any other is the same for all runs of a table."""
_FINETUNING = ("task", "preparation", "finetuning", "strategy", "distillation", "robust_training", "attack")
_DATA = ("train", "dev", "test", "folds.number", "folds.seed")
_WITHOUT_EFFECT = ("num_workers", "log_every", "eval_batch_size", "checkpoints")
_OFF = (None, "none", "")
"""Values that a row's name leaves out."""
_SWITCHES = {"robust_training": ("method",), "preparation": ("steps", "class_weights")}
"""Sections that do nothing while these of their settings are off."""


def hyper_parameter_table(records: Sequence[ResultRecord], task: str, metric: str) -> Table | None:
    """Return dev and test scores by model and settings, or None where no model was fine-tuned in several ways.

    A row is named by the settings in which the records of its model differ. The best dev score of a model, by which
    settings are to be chosen, is bold; test scores are shown, but not meant to choose by.

    Args:
        records: fine-tuned runs of one recipe, with any settings.
        task: ``task.name``.
    """
    title = score_title(task, metric)
    columns = (
        Column(title, "dev", f"dev/{task}/{metric}"),
        Column(title, "original", f"eval/{task}/{metric}"),
        Column(title, "attack", f"attack/{task}/{table_attack(task, records)}/{metric}"),
    )
    runs = [record for record in records if columns[0].metric in record.metrics]
    rows: dict[tuple[str, tuple[str, ...]], list[ResultRecord]] = defaultdict(list)
    for record, choice in zip(runs, varied_hyper_parameters(runs), strict=True):
        rows[row_label(record), choice].append(record)
    if len(rows) == len({label for label, _ in rows}):
        return None
    table_rows = []
    for label in sorted({label for label, _ in rows}):
        own = {
            choice: [metric_cell(group, column.metric) for column in columns]
            for (name, choice), group in sorted(rows.items())
            if name == label
        }
        best = max(cells[0].mean or 0.0 for cells in own.values())
        for choice, cells in own.items():
            cells[0] = replace(cells[0], is_best=len(own) > 1 and cells[0].mean == best)
            table_rows.append(Row(", ".join((label, *choice)), tuple(cells)))
    about = describe(runs[:1], data=False, seeds=False)
    caption = f"{about}. Percent, mean over seeds. Bold: best on the dev set, of each model."
    return Table(
        f"Settings tried: {title}", columns, tuple(table_rows), caption, tuple(changed_words_notes(runs, columns))
    )


def varied_hyper_parameters(
    records: Sequence[ResultRecord], label: Callable[[ResultRecord], Hashable] = row_label
) -> list[tuple[str, ...]]:
    """Return of each record the settings in which the records with its label differ, as ``epochs 4``.

    Those outside fine-tuning bear the name of their section: ``pretraining epochs 2``. Seeds of fine-tuning, which
    runs are averaged over, are left out.

    Args:
        label: by default the model.
    """
    all_choices = [_choices(record) for record in records]
    alike = defaultdict(list)
    for record, values in zip(records, all_choices, strict=True):
        alike[label(record)].append(values)
    for choices in alike.values():
        _fill(choices)
    varying = {name: _varying(choices) for name, choices in alike.items()}
    return [
        tuple(
            f"{_short(name)} {_text(values[name])}" for name in varying[label(record)] if values.get(name) not in _OFF
        )
        for record, values in zip(records, all_choices, strict=True)
    ]


def _choices(record: ResultRecord) -> dict[str, Any]:
    """Return the settings in which runs of one model may differ, by path."""
    model = dict(setting(record, "model") or {})
    for corrector in ("recognizer", "dictionary"):
        if not (model.get(corrector) or {}).get("enabled"):
            model.pop(corrector, None)
    sections: tuple[str, ...] = ()
    if "recognizer" in model or model.get("objective") != "none":
        sections += _PRETRAINING
    if setting(record, "trunk.source") == "scratch":
        sections += _SCRATCH
    if setting(record, "data.generated"):
        sections += ("newswire",)
    if record.kind != "pretrain":
        sections += _FINETUNING
    chosen = {"model": model, **{name: record.settings[name] for name in sections if name in record.settings}}
    if record.kind != "pretrain":
        files = f"data.sets.{setting(record, 'task.name')}"
        if factor := setting(record, f"{files}.epochs_factor"):
            chosen["finetuning"] = {**chosen["finetuning"], "epochs": chosen["finetuning"]["epochs"] * factor}
        if setting(record, "finetuning.precision") == "auto":  # as in the keys, if no training says what it chose
            precision = record.hardware.get("precision", "bf16")
            chosen["finetuning"] = {**chosen["finetuning"], "precision": precision}
        chosen["data"] = {part: value for part in _DATA if (value := setting(record, f"{files}.{part}")) is not None}
    choices = dict(_flat(chosen))
    return {name: value for name, value in choices.items() if not _is_idle(choices, name)}


def _is_idle(choices: Mapping[str, Any], name: str) -> bool:
    """Return whether a setting does nothing in a run with these choices, since its section is off."""
    section = name.partition(".")[0]
    switches = [f"{section}.{switch}" for switch in _SWITCHES.get(section, ())]
    return bool(switches) and name not in switches and all(choices.get(s) in (*_OFF, []) for s in switches)


def _fill(choices: Sequence[dict[str, Any]]) -> None:
    """Fill in the default of each setting that a record is older than."""
    schema = OmegaConf.to_container(OmegaConf.structured(Settings), enum_to_str=True)
    assert isinstance(schema, dict)
    defaults = dict(_flat(schema))
    for name in {name for values in choices for name in values}:
        for values in choices:
            if name in defaults and not _is_idle(values, name):
                values.setdefault(name, defaults[name])


def _varying(choices: Sequence[Mapping[str, Any]]) -> list[str]:
    values = defaultdict(set)
    for choice in choices:
        for name, value in choice.items():
            values[name].add(repr(value))
    return sorted(name for name, distinct in values.items() if len(distinct) > 1)


def _flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif name not in _WITHOUT_EFFECT:
            yield f"{prefix}{name}", value


def _short(path: str) -> str:
    section, _, rest = path.partition(".")
    name = rest.split(".")[-1]
    return name if section == "finetuning" else f"{section} {name}".strip()


def _text(value: Any) -> str:
    return f"{value:,.7g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)

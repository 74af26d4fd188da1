"""A fine-tuned model in smaller forms, side by side: size, speed, clean and attacked scores."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from charbert.config.compression import Variant
from charbert.config.identity import identity_values
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.records import ResultRecord, file_checksum
from charbert.reporting.render.layout import render_markdown, write_table
from charbert.reporting.tables.compression import compression_dots, compression_table
from charbert.runs.analysis_keys import (
    COMPRESSION,
    KIND,
    analysis_records,
    compression_run,
    measured_identity,
)
from charbert.runs.keys import files_identity, task_identity
from charbert.runs.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Form:
    """One form of a model: a row of the table."""

    label: str
    run: Run
    variant: Variant | None = None
    """None: a folder that was made elsewhere."""
    share: float = 0.0
    """Of weights that pruning sets to zero."""
    folder: Path | None = None
    """Where the model made elsewhere lies."""


def run(settings: Settings) -> list[ResultRecord]:
    """Return the records of all forms of the settings' model, after making and measuring those that are missing.

    The model is fine-tuned first where it is missing. The table of all models measured alike is drawn anew.

    Raises:
        SettingsError: if the model has a word recognizer, or ``compression.eval_sets`` names an unknown eval set.
        CheckpointError: if an exported form differs from the model, or a folder holds no model of the task.
    """
    if settings.model.recognizer.enabled:
        raise SettingsError(f"model={settings.model.name} has a word recogniser, which has no smaller form")
    all_forms = forms(settings)
    if missing := [form for form in all_forms if form.run.finished() is None]:
        from charbert.pipelines.analyses.compress_forms import Measurement

        measurement = Measurement(settings)
        for form in missing:
            log.info("compressing: %s", form.label)
            form.run.make_once(partial(measurement.record, form), partial(_is_measured, form))
    draw(settings)
    return [record for form in all_forms if (record := form.run.finished()) is not None]


def forms(settings: Settings) -> list[Form]:
    """Return the forms that the settings name, in the order of the table."""
    chosen, model = settings.compression, settings.model.name
    all_forms = []
    for variant in chosen.variants:
        if variant is Variant.pruned:
            all_forms += [_pruned(settings, share) for share in chosen.pruned_shares]
        else:
            label = f"{model}, {_NAMES[variant]}"
            all_forms.append(Form(label, compression_run(settings, variant.name, {}), variant))
    return all_forms + [_elsewhere(settings, label, Path(folder)) for label, folder in chosen.folders.items()]


def draw(settings: Settings) -> None:
    """Write table and picture of all models that were measured alike, if there are any."""
    records = analysis_records(settings, COMPRESSION)
    if not records:
        return
    results = Path(settings.paths.results)
    table = compression_table(records)
    stem = COMPRESSION if settings.task.name == "ner" else f"{COMPRESSION}_{settings.task.name}"
    write_table(table, results / "tables", stem)
    compression_dots(table, results / "figures", stem)
    log.info("written to %s\n\n%s", results / "tables" / f"{stem}.md", render_markdown(table))


_NAMES = {Variant.original: "original", Variant.onnx: "ONNX", Variant.onnx_int8: "ONNX int8", Variant.half: "half"}


def _pruned(settings: Settings, share: float) -> Form:
    steps = settings.compression.recovery_steps
    label = f"{settings.model.name}, pruned {100 * share:g} %" + (f", {steps} steps" if steps else "")
    identity = {"share": share, "recovery_steps": steps}
    return Form(label, compression_run(settings, f"pruned-{100 * share:g}", identity), Variant.pruned, share)


def _elsewhere(settings: Settings, label: str, folder: Path) -> Form:
    """Return the form of a model made elsewhere, which is known by its weights alone."""
    where = folder if (folder / "config.json").is_file() else folder / "model"
    weights = {
        path.name: file_checksum(path) for path in sorted(where.glob("*.safetensors")) + sorted(where.glob("*.onnx"))
    }
    if not weights:
        raise SettingsError(
            f"compression.folders.{label}={folder} holds no model: no weights in it or in its folder model"
        )
    identity = {
        "analysis": COMPRESSION,
        "weights": weights,
        "task": task_identity(settings),
        "files": files_identity(settings),
        "attack": identity_values(settings.attack),
        "length": settings.finetuning_length,
        "measured": measured_identity(settings),
    }
    run = Run(settings, KIND, [COMPRESSION, settings.task.name, label], identity)
    return Form(label, run, folder=where)


def _is_measured(form: Form) -> bool:
    return form.run.finished() is not None

"""The smaller forms of a fine-tuned model, each with its run; torch is imported only where they are made."""

from dataclasses import dataclass
from pathlib import Path

from charbert.config.compression import Variant
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.records import file_checksum
from charbert.runs.analysis_keys import COMPRESSION, KIND, compression_run, measured_identity
from charbert.runs.keys import files_identity, section_identity, task_identity
from charbert.runs.run import Run

_NAMES = {Variant.original: "original", Variant.onnx: "ONNX", Variant.onnx_int8: "ONNX int8", Variant.half: "half"}


@dataclass(frozen=True)
class Form:
    """One form of a model: a row of the table."""

    label: str
    run: Run
    variant: Variant | None = None
    """None: a model made elsewhere."""
    share: float = 0.0
    """Share of the weights that pruning sets to zero."""
    folder: Path | None = None
    """Folder of the model made elsewhere."""


def forms(settings: Settings) -> list[Form]:
    """Return the forms that the settings name, in the order of the table.

    Raises:
        SettingsError: if a folder of ``compression.folders`` holds no weights.
    """
    chosen, model = settings.compression, settings.model.name
    all_forms = []
    for variant in chosen.variants:
        if variant is Variant.pruned:
            all_forms += [_pruned(settings, share) for share in chosen.pruned_shares]
        else:
            label = f"{model}, {_NAMES[variant]}"
            all_forms.append(Form(label, compression_run(settings, variant.name, {}), variant))
    return all_forms + [_elsewhere(settings, label, Path(folder)) for label, folder in chosen.folders.items()]


def _pruned(settings: Settings, share: float) -> Form:
    steps = settings.compression.recovery_steps
    label = f"{settings.model.name}, pruned {100 * share:g} %" + (f", {steps} steps" if steps else "")
    identity = {"share": share, "recovery_steps": steps}
    return Form(label, compression_run(settings, f"pruned-{100 * share:g}", identity), Variant.pruned, share)


def _elsewhere(settings: Settings, label: str, folder: Path) -> Form:
    """Return the form of a model made elsewhere, which is identified by its weights alone."""
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
        "attack": section_identity(settings, "attack"),
        "length": settings.finetuning_length,
        "measured": measured_identity(settings),
    }
    run = Run(settings, KIND, [COMPRESSION, settings.task.name, label], identity)
    return Form(label, run, folder=where)

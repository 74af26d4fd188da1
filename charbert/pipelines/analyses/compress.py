"""Smaller forms of a fine-tuned model: made, scored, timed and weighed, one record each."""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from charbert.config.compression import Variant
from charbert.config.schema import Settings
from charbert.data.collate import PadCollator
from charbert.deploy.compress.footprint import stored_bytes, time_per_example, torch_threads
from charbert.deploy.compress.prune import pruned, save_pruned, sparsity
from charbert.deploy.compress.quantize import halve_model, quantize_model
from charbert.deploy.onnx.export import export_model, load_model
from charbert.deploy.predict.backends import Backend, load_backend
from charbert.errors import CheckpointError, SettingsError
from charbert.evaluation.metric_paths import CHANGED_WORDS, metric_path
from charbert.evaluation.predict import model_inputs, run_logits
from charbert.evaluation.robustness import changed_share, decode_encoded, score_set
from charbert.model.loading.configurations import read_config
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.word_recognizer.correction import RECOGNIZER_FOLDER
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.analyses.forms import Form, forms
from charbert.pipelines.build.data import prepare_data, set_files
from charbert.pipelines.build.eval_sets import build_eval_sets, read_sets
from charbert.pipelines.train.finetune import prepare_finetuned
from charbert.runs.analysis_keys import COMPRESSION, compression_run
from charbert.runs.recorder import seed_everything
from charbert.runs.run import Run
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Encoded
from charbert.training.trainer import build_trainer

log = logging.getLogger(__name__)

BATCH_SIZES = (1, 32)
"""Batch sizes at which a model is timed."""


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Make the forms of the settings' model that are named, by their labels, and record each.

    Raises:
        SettingsError: if ``compression.eval_sets`` names an unknown eval set.
        CheckpointError: if an exported form differs from the model, or a folder holds no model of the task.
    """
    measurement = Measurement(settings)
    for form in forms(settings):
        if form.label in runs:
            log.info("compressing: %s", form.label)
            form.run.make_once(partial(measurement.record, form), form.run.is_finished)


class Measurement:
    """Makes and measures forms of one fine-tuned model on the same examples.

    Args:
        settings: the experiment's settings.

    Raises:
        SettingsError: if ``compression.eval_sets`` names an unknown eval set.
    """

    def __init__(self, settings: Settings) -> None:
        prepare_data(settings)
        self.settings = settings
        self.task = build_task(settings.task)
        self.sets = read_sets(settings, self.task)
        chosen = settings.compression
        built = build_eval_sets(settings, self.task, self.sets)
        names = ["clean", *(chosen.eval_sets or [name for name in built if name != "clean"])]
        if unknown := sorted(set(names) - set(built)):
            raise SettingsError(f"compression.eval_sets must be of {', '.join(built)}, got {', '.join(unknown)}")
        self.eval_sets = {
            name: _spread(built[name], chosen.max_examples or len(built[name])) for name in built if name in names
        }
        self._encoded: dict[str, dict[str, Encoded]] = {}

    def record(self, form: Form) -> None:
        """Make a form and write its record."""
        settings, chosen = self.settings, self.settings.compression
        folder, measured = self._make(form)
        processor = CharBertTokenizer.from_pretrained(folder)
        collate = PadCollator(processor.pad_values, processor.row_length)
        analysis = recorded_analysis(settings, form.run, COMPRESSION, set_files(settings))
        with torch_threads(chosen.threads), analysis as (record, _):
            backend = self._load(folder)
            encoded = self._encode(form, processor)
            metrics = self._score(backend, encoded, collate)
            timed = [model_inputs(row) for row in _spread(encoded["clean"].features, chosen.timed_examples)]
            for size in BATCH_SIZES:
                timing = time_per_example(backend, timed, collate, size)
                metrics |= {f"latency/batch_{size}": timing.wall, f"latency/batch_{size}_cpu": timing.cpu}
            stored, compressed = stored_bytes(folder)
            metrics |= {"size/stored": stored / 1e6, "size/compressed": compressed / 1e6}
            if "sparsity" in measured:
                metrics |= {f"sparsity/{name}": measured["sparsity"][name] for name in ("of_matrices", "of_all")}
            form_name = form.variant.name if form.variant else "elsewhere"
            record.details |= {"label": form.label, "form": form_name, **measured}
            record.details |= {"versions": list(self.eval_sets), "examples": len(self.eval_sets["clean"])}
            record.finish(metrics)

    @cached_property
    def source(self) -> Path:
        """Folder of the fine-tuned model, which forms that were made elsewhere do not need."""
        return prepare_finetuned(self.settings).model_folder

    def _make(self, form: Form) -> tuple[Path, dict[str, Any]]:
        """Return the folder of a form, made if it is missing, and details for its record."""
        target = form.run.model_folder
        if form.folder is not None:
            if (form.folder / RECOGNIZER_FOLDER).is_dir():
                raise CheckpointError(
                    f"{form.folder}: expected a model that reads texts as they are given, got one with a word "
                    "recognizer in front, which has no smaller form"
                )
            return form.folder, {}
        if form.variant is Variant.original:
            return self.source, {}
        if form.variant is Variant.onnx:
            return target, {"parity": [asdict(difference) for difference in export_model(self.source, target)]}
        if form.variant is Variant.onnx_int8:
            differences = quantize_model(self._exported(), target, distance=self.settings.compression.distance)
            return target, {"parity": [asdict(difference) for difference in differences]}
        if form.variant is Variant.half:
            halve_model(self.source, target)
            return target, {}
        return target, self._prune(form, target)

    def _exported(self) -> Path:
        folder = compression_run(self.settings, Variant.onnx.name, {}).model_folder
        if not folder.is_dir():
            export_model(self.source, folder)
        return folder

    def _prune(self, form: Form, target: Path) -> dict[str, Any]:
        model = load_model(self.source)
        with pruned(model, form.share):
            if self.settings.compression.recovery_steps:
                self._recover(model)
        save_pruned(model, self.source, target)
        measured = sparsity(model)
        return {"sparsity": {**asdict(measured), "of_matrices": measured.share, "of_all": measured.share_of_all}}

    def _recover(self, model: Any) -> None:
        settings = self.settings
        processor = CharBertTokenizer.from_pretrained(self.source)
        encoded = {
            split: self.task.encode(self.sets[split], processor, settings.finetuning_length)
            for split in ("train", "dev")
        }
        training = replace(settings.finetuning, max_steps=settings.compression.recovery_steps, checkpoints=0)
        seed_everything(settings.seed, "recovery")
        with tempfile.TemporaryDirectory() as folder:
            build_trainer(
                training,
                model,
                encoded["train"].features,
                encoded["dev"].features,
                PadCollator(processor.pad_values, processor.row_length),
                folder=Path(folder),
                seed=settings.seed,
            ).train()
        model.eval()

    def _load(self, folder: Path) -> Backend:
        labels, known = self.task.labels, list(read_config(folder).id2label.values())
        if labels and known != labels:
            raise CheckpointError(
                f"{folder}: expected a model with the labels {', '.join(labels)} of task={self.task.name}, "
                f"got {', '.join(known)}"
            )
        return load_backend(folder, threads=self.settings.compression.threads)

    def _encode(self, form: Form, processor: CharBertTokenizer) -> dict[str, Encoded]:
        """Return the examples as a model reads them, the same for all forms of one model."""
        whose = form.label if form.folder else ""
        if whose not in self._encoded:
            length = self.settings.finetuning_length
            self._encoded[whose] = {
                name: self.task.encode(examples, processor, length) for name, examples in self.eval_sets.items()
            }
        return self._encoded[whose]

    def _score(self, backend: Backend, encoded: Mapping[str, Encoded], collate: PadCollator) -> dict[str, float]:
        metrics: dict[str, float] = {}
        for name, examples in self.eval_sets.items():
            log.info("scoring on %s (%s, %d examples)", self.task.name, name, len(examples))
            batch_size = self.settings.finetuning.eval_batch_size
            logits = run_logits(backend, encoded[name].features, collate, batch_size)
            predictions = decode_encoded(self.task, encoded[name], logits)
            metrics |= score_set(self.task, name, examples, predictions).metrics
            if name != "clean":
                share = changed_share(self.task, self.eval_sets["clean"], examples)
                metrics[f"{metric_path(self.task.name, name)}/{CHANGED_WORDS}"] = share
        return metrics


def _spread(examples: Sequence[Any], number: int) -> list[Any]:
    """Return at most so many examples, spread evenly over all of them."""
    kept = min(number, len(examples))
    return [examples[place * len(examples) // kept] for place in range(kept)]

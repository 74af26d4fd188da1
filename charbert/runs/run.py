"""A run: its name, its key, and the paths of its record and weights.

The key is a hash of what identifies the run; see `charbert.runs.keys`.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from charbert.config.data.sets import FoldSettings
from charbert.config.model.encoder import Objective, TrunkSource
from charbert.config.schema import Settings
from charbert.evaluation.metric_paths import UNITS
from charbert.files import check_writable, locked, recover_folder
from charbert.integrity import checksums
from charbert.records import ResultRecord, read_record, settings_key
from charbert.runs import keys
from charbert.runs.data_files import check_finished, check_interrupted, check_same, preparation_files, trunk_weights
from charbert.runs.folders import MODEL, PREDICTIONS, record_path, records_folder, run_folder
from charbert.training.distributed.processes import from_first, is_first, refuse_several

log = logging.getLogger(__name__)

_SHARED_KINDS = ("trunk", "pretrain", "word_recognizer", "dictionary", "finetune")
"""Kinds of runs that several processes make together."""


class Run:
    """One run's name, key and folders.

    Args:
        kind: trunk, pretrain, word_recognizer, dictionary, finetune, fold, baseline, ensemble, perplexity or analysis;
            the W&B job type.
        parts: words of the name, e.g. task, model, seed.
    """

    def __init__(self, settings: Settings, kind: str, parts: list[str], identity: Mapping[str, Any]) -> None:
        self.kind = kind
        self.key = settings_key(identity)
        self.name = "-".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts)
        self.folder = run_folder(settings, kind, self.folder_name)
        """Weights and checkpoints; may be deleted."""
        self._lock = Path(settings.paths.outputs) / "locks" / f"{kind}-{self.folder_name}.lock"
        self.record_path = record_path(settings, self.folder_name)
        """The result; worth keeping."""
        self.keeps_record = False
        """Whether it was finished before, and only its weights and predictions are made again; see `make_again`."""
        self.data_checksums: dict[str, str] = {}
        """SHA-256 of the data files that are read to make it, by name; see `will_read`."""
        self._settings = settings

    @property
    def folder_name(self) -> str:
        """``NAME-KEY``, as the folders of the record and of the weights are called."""
        return f"{self.name}-{self.key}"

    @property
    def model_folder(self) -> Path:
        """Where the trained model is saved."""
        return self.folder / MODEL

    @property
    def checkpoints_folder(self) -> Path:
        """Where an interrupted training continues from; deleted when it is finished."""
        return self.folder / "checkpoints"

    @property
    def preparation_folder(self) -> Path:
        """Where the report of data preparation is, if the training examples were prepared."""
        return self.folder / "preparation"

    @property
    def units_path(self) -> Path:
        """Where the counts of each test example are saved."""
        return self.record_path.with_name(UNITS)

    def predictions_path(self, name: str) -> Path:
        """Where the predictions on an eval set are saved: clean, or the attack's name."""
        return self.folder / PREDICTIONS / f"{name}.jsonl"

    def finished(self) -> ResultRecord | None:
        """Return the record when the run is finished, else None.

        Raises:
            DataError: if a data file was exchanged after it was read for the run, or for the encoder that it starts
                from.
        """
        if not self.record_path.exists():
            return None
        record = read_record(self.record_path)
        check_finished(self._settings, record, self.record_path)
        for run in self._starts_from():
            run.finished()
        return record

    def is_finished(self) -> bool:
        """Return whether the run has a record."""
        return self.finished() is not None

    def will_read(self, files: Iterable[Path]) -> None:
        """Take the checksums of the data files that are about to be read, and of others that the settings name.

        The record will have them.

        Raises:
            DataError: if a file was exchanged since they were taken before, or since an interrupted training began.
        """
        others = [] if self.kind == "word_recognizer" else trunk_weights(self._settings)
        if self.kind not in ("trunk", "pretrain", "word_recognizer"):
            others += preparation_files(self._settings)
        sums = checksums([*files, *others], Path(self._settings.data.root))
        check_same(self.data_checksums, sums, f"making {self.name} began with", self.folder)
        from_first(lambda: check_interrupted(self.checkpoints_folder, sums))
        self.data_checksums = sums

    def _starts_from(self) -> list[Run]:
        """Return the run of the encoder, or of the trunk, that is trained from scratch for this one."""
        settings = self._settings
        model = settings.model
        if self.kind in ("trunk", "word_recognizer") or model.is_baseline or model.released or model.pretrained:
            return []
        if self.kind != "pretrain" and model.objective is not Objective.none:
            return [pretraining_run(settings)]
        return [trunk_run(settings)] if settings.trunk.source is TrunkSource.scratch else []

    def make_once(self, make: Callable[[], object], is_made: Callable[[], bool] | None = None) -> None:
        """Call ``make`` unless the run is finished; wait where another process is making it.

        Of processes that train together the first looks, and waits for others.

        Args:
            make: trains or measures, and writes the record.
            is_made: whether nothing is missing; None: `is_complete`.

        Raises:
            SettingsError: if there are several processes, and the run is not of a kind that they can make together.
        """
        is_made = is_made or self.is_complete
        with ExitStack() as stack:

            def must_be_made() -> bool:
                recover_folder(self.model_folder)
                if is_made():
                    self.drop_checkpoints()  # of a run that was killed with its record just written
                    return False
                stack.enter_context(self.locked())
                return not is_made()

            if not from_first(must_be_made):
                return
            self.check_processes()
            check_writable(self.record_path.parent)
            self.make_again()
            make()

    def locked(self) -> AbstractContextManager[None]:
        """Let one process at a time make the run; the others wait, but for those that train together with it."""
        return locked(self._lock, f"making {self.name}") if is_first() else nullcontext()

    def make_again(self) -> None:
        """Keep the record, and say so, if the run is finished but its weights or predictions are to be made again."""
        self.keeps_record = from_first(self.is_finished)
        if self.keeps_record:
            log.info(
                "%s: finished before, but its weights or predictions are not in %s; they are made again, and the "
                "record %s stays as it is",
                self.name,
                self.folder,
                self.record_path,
            )

    def drop_checkpoints(self) -> None:
        """Delete the checkpoints of a run that is finished."""
        shutil.rmtree(self.checkpoints_folder, ignore_errors=True)

    def check_processes(self) -> None:
        """Check that as many processes as there are can make the run.

        Raises:
            SettingsError: if there are several, and the run is not of a kind that is trained in several.
        """
        if self.kind not in _SHARED_KINDS:
            refuse_several(f"making {self.name}")

    def is_complete(self) -> bool:
        """Return whether the run is finished and its model still there."""
        return self.is_finished() and self.model_folder.is_dir()


def trunk_run(settings: Settings) -> Run:
    """Return the run of a trunk pretrained from scratch."""
    parts = ["trunk", settings.trunk.name, f"s{settings.pretraining_seed}"]
    return Run(settings, "trunk", parts, keys.trunk_identity(settings))


def pretraining_run(settings: Settings) -> Run:
    """Return the run of the pretrained encoder; of the same encoder under another model's name, that run if it is made.

    Models that differ only in what stands in front of the encoder, as CharBERT and CharBERT+Repair, share it.
    """
    parts = ["pretrain", settings.model.name, settings.trunk.name, f"s{settings.pretraining_seed}"]
    run = Run(settings, "pretrain", parts, keys.encoder_identity(settings))
    made = sorted(folder.name for folder in records_folder(settings).glob(f"pretrain-*-{run.key}"))
    if not made or run.folder_name in made:
        return run
    return Run(settings, "pretrain", [made[0].removesuffix(f"-{run.key}")], keys.encoder_identity(settings))


def recognizer_run(settings: Settings, *, background: bool = False) -> Run:
    """Return the run of the word recognizer of the task's words, or of the pretraining text's."""
    parts = ["wordrec", "background" if background else settings.task.name, f"s{settings.pretraining_seed}"]
    return Run(settings, "word_recognizer", parts, keys.recognizer_identity(settings, background=background))


def dictionary_run(settings: Settings) -> Run:
    """Return the run that counts the words of the pretraining text for the spelling dictionary."""
    return Run(settings, "dictionary", ["dictionary", settings.data.name], keys.dictionary_identity(settings))


def finetuning_run(settings: Settings) -> Run:
    """Return the run of the fine-tuned, attacked and scored model, or of the models of all folds together."""
    if settings.task.name in settings.data.sets:
        settings = of_all_folds(settings)
    parts = [settings.task.name, settings.model.name, f"s{settings.seed}"]
    kind = "baseline" if settings.model.is_baseline else "finetune"
    return Run(settings, kind, parts, keys.finetuning_identity(settings))


def fold_run(settings: Settings) -> Run:
    """Return the run of the model of one fold, see `with_fold`."""
    fold = _folds(settings).fold
    parts = [settings.task.name, settings.model.name, f"s{settings.seed}", f"fold{fold}"]
    return Run(settings, "fold", parts, keys.finetuning_identity(settings))


def with_fold(settings: Settings, fold: int) -> Settings:
    """Return the settings of one fold of the task's set, the same however many others are run."""
    return _with_folds(settings, replace(_folds(settings), fold=fold, run_first=0))


def of_all_folds(settings: Settings) -> Settings:
    """Return the settings that all folds of the task's set have in common, and how many of them are run."""
    return _with_folds(settings, replace(_folds(settings), fold=0))


def of_first_folds(settings: Settings, number: int) -> Settings:
    """Return the settings with the first ``number`` folds of the task's set to run, 0 for all of them."""
    return _with_folds(settings, replace(_folds(settings), run_first=number))


def _folds(settings: Settings) -> FoldSettings:
    return settings.data.sets[settings.task.name].folds


def _with_folds(settings: Settings, folds: FoldSettings) -> Settings:
    chosen = replace(settings.data.sets[settings.task.name], folds=folds)
    return replace(settings, data=replace(settings.data, sets={**settings.data.sets, settings.task.name: chosen}))

"""The sets of a task, prepared and split as the settings say, as files in the task's own format."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from charbert.config.data.preparation import PreparationStep
from charbert.config.data.splitting import SplitMethod
from charbert.config.schema import Settings
from charbert.data import splits
from charbert.data.readers.conllu import CONLLU_SUFFIX
from charbert.data.readers.lines import suffix_of
from charbert.errors import DataError, SettingsError
from charbert.files import check_writable, replaced_folder, shorten_path
from charbert.pipelines.build.data import data_file, prepare_data, task_files
from charbert.pipelines.build.preparation import held_out_texts, prepare_rows, write_preparation
from charbert.preparation.augmentation import Augment
from charbert.preparation.balance import Balance
from charbert.preparation.duplicates import FindLeakage, check_no_near_leakage, group_similar
from charbert.preparation.report import describe_set
from charbert.preparation.steps import Dropped, Prepared, Row
from charbert.records import file_checksum
from charbert.reporting.render.preparation_page import preparation_figure
from charbert.tasks.catalog import TASKS, build_task
from charbert.tasks.rows import own_texts, read_rows
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

_WHOLE = "all"
_TRAINING_ONLY = tuple(PreparationStep(step.name) for step in (FindLeakage, Augment, Balance) if step.training_only)

Rows = list[Row]


class _Sets:
    """Prepared sets by name, and the report on them; a name may be a path such as ``fold0/train``."""

    def __init__(self, settings: Settings, task: Task[Any, Any]) -> None:
        self.settings, self.task = settings, task
        self.prepared: dict[str, Prepared] = {}
        self.descriptions: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, str] = {}

    def read(self, split: str) -> tuple[Rows, list[Dropped], Path]:
        """Return rows, malformed examples and path of a file of the set."""
        root = Path(self.settings.data.root)
        path = data_file(self.settings, getattr(task_files(self.settings), split), f"the {split} set")
        self.sources[shorten_path(path, root)] = file_checksum(path)
        return *read_rows(self.task, path, root), path

    def prepare(
        self, name: str, rows: Rows, steps: Sequence[PreparationStep], *, described: bool = True, **options: Any
    ) -> Rows:
        """Return rows after steps, see `prepare_rows`; of many splits not all are described in the report."""
        log.info("preparing %s of %s", name, self.task.name)
        self.prepared[name] = prepare_rows(self.settings, self.task, rows, steps, **options)
        if described:
            self.descriptions[name] = describe_set(self.task.adapter, rows, self.prepared[name])
        return self.prepared[name].rows

    @property
    def written(self) -> list[str]:
        """The sets that become files: all but the one that is split."""
        return [name for name in self.prepared if name != _WHOLE]

    def report(self, files: Mapping[str, str]) -> dict[str, Any]:
        """Return the report, with the sets in the order of their preparation, the training set first."""
        chosen = self.settings.preparation
        order = sorted(self.descriptions, key=lambda name: name.rpartition("/")[2] not in ("train", _WHOLE))
        return {
            "preparation": chosen.name,
            "task": self.task.name,
            "data": self.settings.data.name,
            "seed": chosen.seed,
            "split": chosen.split.method.name,
            "sources": self.sources,
            "sets": {name: self.descriptions[name] for name in order},
            "files": dict(files),
        }


def run(settings: Settings) -> Path:
    """Write the prepared sets of the task and return their folder; the same settings give the same bytes.

    The folder holds ``train``, ``dev`` and ``test`` in the task's format (for a cross-validation in ``fold0``,
    ``fold1``, ...), the report (``report.md``, ``report.json``, ``sets.png``), and ``dropped.jsonl``,
    ``changed.jsonl`` and ``findings.jsonl`` with every example concerned. It is written completely or not at all.

    Raises:
        DataError: if a file cannot be read or written, sets share examples where that is refused, or no example is
            left.
        RecordError: if the folder cannot be written, before any work.
        SettingsError: if the settings ask for nothing, or the split is not possible.
    """
    chosen = settings.preparation
    if not chosen.steps and chosen.split.method is SplitMethod.none:
        raise SettingsError(
            f"preparation={chosen.name} has neither steps nor a split; choose preparation=clean or another of "
            "conf/preparation, list preparation.steps, or set preparation.split.method"
        )
    parts = [settings.task.name, chosen.name]
    if chosen.split.method is not SplitMethod.none:
        parts.append(chosen.split.method.name)
    folder = Path(settings.paths.results) / "prepared" / "-".join([*parts, f"s{chosen.seed}"])
    check_writable(folder.parent)
    prepare_data(settings)
    task = build_task(settings.task)
    sets = _Sets(settings, task)
    source = _divide(sets) if chosen.split.method is not SplitMethod.none else _prepare_sets(sets)
    with replaced_folder(folder) as draft:
        files = {}
        suffix = CONLLU_SUFFIX if suffix_of(source) == CONLLU_SUFFIX else TASKS[settings.task.kind].suffix
        for name in sets.written:
            path = draft / f"{name}{suffix}"
            _write(task, path, sets.prepared[name].examples)
            files[path.relative_to(draft).as_posix()] = file_checksum(path)
        report = sets.report(files)
        write_preparation(draft, report, sets.prepared)
        preparation_figure(report, draft, "sets")
    log.info("%s: %s", folder, ", ".join(f"{name} {len(sets.prepared[name].rows)}" for name in sets.written[:6]))
    return folder


def _prepare_sets(sets: _Sets) -> Path:
    """Prepare the files of the set, the training set last, and return the path of its file."""
    chosen = sets.settings.preparation
    held_out: dict[str, Rows] = {}
    for split in ("dev", "test"):
        if getattr(task_files(sets.settings), split):
            rows, malformed, _ = sets.read(split)
            steps = [step for step in chosen.steps if step in chosen.held_out_steps]
            held_out[split] = sets.prepare(split, rows, steps, malformed=malformed)
    rows, malformed, path = sets.read("train")
    texts = held_out_texts(sets.task, held_out)
    sets.prepare("train", rows, chosen.steps, malformed=malformed, held_out=texts)
    return path


def _divide(sets: _Sets) -> Path:
    """Prepare one file, split it, apply the training-only steps to the train parts, and return its path."""
    chosen, task = sets.settings.preparation, sets.task
    rows, malformed, path = sets.read(chosen.split.source)
    before = [step for step in chosen.steps if step not in _TRAINING_ONLY]
    after = [step for step in chosen.steps if step in _TRAINING_ONLY]
    rows = sets.prepare(_WHOLE, rows, before, malformed=malformed)
    several = chosen.split.method not in (SplitMethod.stratified, SplitMethod.grouped, SplitMethod.stratified_grouped)
    for number, parts in enumerate(_divisions(sets.settings, task, rows)):
        prefix = f"fold{number}/" if several else ""
        own = {part: [rows[at] for at in getattr(parts, part)] for part in splits.PARTS}
        texts = {part: own_texts(task, [row.example for row in each]) for part, each in own.items()}
        splits.check_no_leakage({part: ["\n".join(fields) for fields in each] for part, each in texts.items()})
        if not several:  # all splits of a cross-validation have the same parts
            check_no_near_leakage(texts, chosen.near)
        held_out = {
            part: sets.prepare(f"{prefix}{part}", own[part], [], described=not several) for part in ("dev", "test")
        }
        texts_held_out = held_out_texts(task, held_out)
        described = not several or bool(after)
        sets.prepare(f"{prefix}train", own["train"], after, described=described, held_out=texts_held_out)
    return path


def _divisions(settings: Settings, task: Task[Any, Any], rows: Rows) -> Iterator[splits.Parts]:
    """Yield the splits that the settings ask for; examples with (nearly) the same texts are in one part."""
    chosen, seed = settings.preparation.split, settings.preparation.seed
    examples = [row.example for row in rows]
    similar = group_similar(own_texts(task, examples), settings.preparation.near)
    classes = task.adapter.classes(examples)
    groups = similar
    if "grouped" in chosen.method.name or chosen.method is SplitMethod.leave_one_group_out:
        keys = zip(task.groups(examples), similar, strict=True)
        groups = splits.connect_groups([[("group", group), ("similar", key)] for group, key in keys])
    log.info("dividing %d examples in %d groups: %s", len(rows), len(set(groups)), chosen.method.name)
    if groups is not similar and len(set(groups)) == len(set(similar)):
        log.info("the files mark no documents or articles that hold several examples")
    shares = chosen.dev_share, chosen.test_share
    match chosen.method:
        case SplitMethod.stratified | SplitMethod.stratified_grouped:
            yield splits.grouped_parts(groups, seed, *shares, labels=classes)
        case SplitMethod.grouped:
            yield splits.grouped_parts(groups, seed, *shares)
        case SplitMethod.folds:
            yield from splits.grouped_folds(groups, chosen.folds, seed, classes)
        case SplitMethod.grouped_folds:
            yield from splits.grouped_folds(groups, chosen.folds, seed)
        case _:
            if len(set(groups)) > chosen.most_divisions:
                raise SettingsError(
                    f"preparation.split.method={chosen.method.name} gives {len(set(groups))} divisions, more than "
                    f"preparation.split.most_divisions={chosen.most_divisions}; raise that, or choose folds"
                )
            yield from splits.leave_one_out(groups)


def _write(task: Task[Any, Any], path: Path, examples: Sequence[Any]) -> None:
    """Write examples in the task's format and check that reading gives the same examples.

    Raises:
        DataError: if they are not.
    """
    path.parent.mkdir(exist_ok=True)
    task.write(path, examples)
    adapter = task.adapter
    read_back = task.read(path)
    for number, (example, read_example) in enumerate(zip(examples, read_back, strict=False)):
        if adapter.describe(example) != adapter.describe(read_example):
            raise DataError(
                f"{path.name}: expected example {number} to be read back as {adapter.describe(example)}, got "
                f"{adapter.describe(read_example)}; the layout of the file cannot hold it"
            )
    if len(examples) != len(read_back):
        raise DataError(f"{path.name}: expected {len(examples)} examples to be read back, got {len(read_back)}")

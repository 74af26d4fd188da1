"""Ensembles: the stored predictions of several finished runs, combined and scored like those of one model."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from charbert.config.calibration import Rule
from charbert.config.model.classical import BaselineSettings
from charbert.config.schema import Settings
from charbert.errors import RecordError, SettingsError
from charbert.evaluation.ensembles import combine, combine_scores
from charbert.evaluation.logits import SUFFIX as SCORES
from charbert.evaluation.logits import StoredLogits, read_scores
from charbert.evaluation.metric_paths import DEV
from charbert.evaluation.robustness import SetPredictions
from charbert.pipelines.build.data import prepare_data, set_files, task_files
from charbert.pipelines.build.eval_sets import build_eval_sets, read_sets, read_test_sets
from charbert.pipelines.evaluate.calibration import stored_scores
from charbert.pipelines.tables import paper
from charbert.pipelines.tables.drawing import draw_all
from charbert.pipelines.train.classical import fit_baseline, without_trunk
from charbert.pipelines.train.cross_validation import chosen_folds
from charbert.pipelines.train.fit import fit
from charbert.pipelines.train.task_model import record_scores
from charbert.records import ResultRecord, settings_key
from charbert.reporting.tables.scores import row_label
from charbert.runs.comparability import comparable_records
from charbert.runs.folders import predictions_folder
from charbert.runs.keys import finetuning_identity
from charbert.runs.recorder import recorded_run
from charbert.runs.run import Run
from charbert.seeding import numpy_generator
from charbert.serialization import read_json
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.catalog import build_task
from charbert.tasks.folds import tested_examples
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

BAG = "bag"
"""Kind of the runs that bagging trains."""
_RULES = {
    Rule.mean_logits: "mean of logits",
    Rule.mean_probabilities: "mean of probabilities",
    Rule.majority: "majority vote",
}

EvalSets = Mapping[str, Sequence[Any]]


def run(settings: Settings) -> ResultRecord:
    """Return the ensemble's record, and redraw Tables 1 to 4, in which it is a row.

    Raises:
        SettingsError: if fewer than two members are chosen, or the set is cut into folds and bags are asked for.
        RecordError: if a chosen run is missing or not unique, or its predictions were deleted.
    """
    prepare_data(settings)
    task = build_task(settings.task)
    if task_files(settings).folds.number:
        sets = read_test_sets(settings, task, learn=True)
        folds = chosen_folds(settings, task, sets["test"])
        eval_sets: EvalSets = tested_examples(folds, build_eval_sets(settings, task, sets))
    else:
        sets = read_sets(settings, task)
        eval_sets = build_eval_sets(settings, task, sets)
    if settings.ensemble.bags:
        members, label = _bags(settings, task, sets, eval_sets), f"{settings.ensemble.bags} bags of"
        label = f"{label} {settings.model.name}"
    else:
        members = chosen_members(settings)
        label = f"{len(members)} × {'+'.join(dict.fromkeys(map(row_label, members)))}{_choice(settings, members)}"
    record = _combined(settings, f"{label} ({_RULES[settings.ensemble.rule]})", members, task, eval_sets)
    draw_all(settings, paper.TABLES.values())
    return record


def _choice(settings: Settings, members: Sequence[ResultRecord]) -> str:
    """Return the end of the row's name, which distinguishes an ensemble of chosen runs from others of as many."""
    if settings.ensemble.records:
        return f" [{settings_key({'members': [record.key for record in members]})[:4]}]"
    return f" of seeds {', '.join(map(str, sorted(settings.ensemble.seeds)))}" if settings.ensemble.seeds else ""


def chosen_members(settings: Settings) -> list[ResultRecord]:
    """Return the records of the runs that ``ensemble`` chooses among those that are compared in one table.

    Raises:
        SettingsError: if they are fewer than two.
        RecordError: if a named record is missing, or a model has two runs with one seed.
    """
    chosen = settings.ensemble
    several = bool(chosen.models)
    records = [
        record
        for record in comparable_records(settings, several_trunks=several, **{"settings.task.name": settings.task.name})
        if record.kind != "ensemble"
    ]
    names = {record.folder_name: record for record in records}
    if unknown := [name for name in chosen.records if name not in names]:
        raise RecordError(
            f"ensemble.records: no finished run {unknown[0]} of task={settings.task.name} with these data, attack and "
            f"trunk; there are {', '.join(names) or 'none'}"
        )
    if chosen.records:
        members = [names[name] for name in dict.fromkeys(chosen.records)]
    else:
        models = chosen.models or [settings.model.name]
        members = [
            record
            for record in records
            if row_label(record) in models and (not chosen.seeds or record.seed in chosen.seeds)
        ]
        _refuse_duplicates(members)
    if len(members) < 2:
        raise SettingsError(
            f"an ensemble needs two members or more, got {[member.folder_name for member in members]}; "
            f"finished runs of task={settings.task.name}: {', '.join(names) or 'none'}; "
            "run others (seed=1,2,3), or choose with ensemble.models, ensemble.seeds or ensemble.records"
        )
    return sorted(members, key=lambda record: (row_label(record), record.seed, record.key))


def _refuse_duplicates(members: Sequence[ResultRecord]) -> None:
    seen: dict[tuple[str, int], str] = {}
    for record in members:
        name = record.folder_name
        other = seen.setdefault((row_label(record), record.seed), name)
        if other != name:
            raise RecordError(
                f"{row_label(record)} has two runs with seed {record.seed}, {other} and {name}; "
                "name the members with ensemble.records=[...]"
            )


def _combined(
    settings: Settings, label: str, members: Sequence[ResultRecord], task: Task[Any, Any], eval_sets: EvalSets
) -> ResultRecord:
    """Return the record of the members' combined predictions, which are read from the members' files."""
    model = replace(settings.model, name=label)
    of_baselines = settings.model.is_baseline and all(record.kind in ("baseline", BAG) for record in members)
    settings = replace(settings, model=model if of_baselines else replace(model, baseline=BaselineSettings()))
    rule = settings.ensemble.rule
    identity = {"members": sorted(record.key for record in members), "rule": rule}
    run = Run(settings, "ensemble", [settings.task.name, label], identity)
    if (record := run.finished()) is not None:
        log.info("%s: finished before, record %s", run.name, run.record_path)
        return record
    folders = [predictions_folder(settings, member) for member in members]
    predictions = {
        name: combine(task, [read_member(task, folder, name, rows) for folder in folders], rule)
        for name, rows in eval_sets.items()
    }
    log.info("scoring %s on %s", label, settings.task.name)
    with recorded_run(settings, run) as (record, tracked):
        dev = _dev_scores(folders, rule)
        metrics = record_scores(settings, run, task, record, tracked, eval_sets, predictions, dev)
        record.settings = without_trunk(record.settings) if of_baselines else record.settings
        record.details["members"] = [member.folder_name for member in members]
        record.details["rule"] = rule.name
        record.finish(metrics)
        record.training_tokens = sum(member.training_tokens for member in members)
    return record


def read_member(task: Task[Any, Any], folder: Path, eval_set: str, examples: Sequence[Any]) -> SetPredictions:
    """Return the predictions that a run has stored on an eval set.

    Raises:
        RecordError: if they are missing, have no logits, or are of other examples.
    """
    path = folder / f"{eval_set}.jsonl"
    again = "delete the record and run the member again"
    if not path.is_file():
        raise RecordError(f"{path}: expected the predictions of a member, got no such file; {again}")
    lines = read_json(path, "the predictions of a member", again, lines=True)
    if len(lines) != len(examples):
        raise RecordError(f"{path}: expected predictions on {len(examples)} examples, got {len(lines)}; {again}")
    if isinstance(task, QuestionAnsweringTask):
        return SetPredictions([_span(line, example) for line, example in zip(lines, examples, strict=True)])
    scores = read_scores(folder / f"{eval_set}{SCORES}")
    if scores is None:
        raise RecordError(
            f"{folder}: expected {eval_set}{SCORES} with the logits of a member, got no such file; {again}"
        )
    if list(scores.labels) != task.decision_labels:
        raise RecordError(f"{path}: expected the labels {task.decision_labels}, got {list(scores.labels)}; {again}")
    return SetPredictions(task.decide(scores.examples), scores=scores.examples)


def _span(line: Mapping[str, Any], example: Any) -> SpanPrediction:
    candidates = []
    for text, score in line["candidates"]:
        start = example.context.find(text)
        candidates.append(SpanCandidate(text, start, start + len(text), score))
    return SpanPrediction(tuple(candidates), line.get("null_difference", 0.0))


def _dev_scores(folders: Sequence[Path], rule: Rule) -> StoredLogits | None:
    """Return the combined logits of the members on the dev set, None unless all have stored theirs."""
    stored = [stored_scores(folder, [DEV]) for folder in folders]
    if not all(stored):
        return None
    first = stored[0][DEV]
    if any(not np.array_equal(scores[DEV].gold, first.gold) for scores in stored):
        return None
    return replace(first, logits=combine_scores(np.stack([scores[DEV].logits for scores in stored]), rule))


def _bags(
    settings: Settings, task: Task[Any, Any], sets: Mapping[str, list[Any]], eval_sets: EvalSets
) -> list[ResultRecord]:
    """Return the records of models that were each trained without another part of the training set."""
    number = settings.ensemble.bags
    if task_files(settings).folds.number:
        raise SettingsError(
            f"ensemble.bags needs a training file, but data={settings.data.name} cuts the test file of "
            f"task={settings.task.name} into folds; choose other data, or an ensemble over seeds"
        )
    train = sets["train"]
    if len(train) < number:
        raise SettingsError(
            f"ensemble.bags must be at most the number of training examples, {len(train)}, got {number}"
        )
    order = numpy_generator(settings.seed, "bags", number).permutation(len(train))
    records = []
    for bag, left_out in enumerate(np.array_split(order, number)):
        run = bag_run(settings, bag)
        record = run.finished()
        if record is None or not run.predictions_path("clean").is_file():
            without = set(left_out.tolist())
            kept = [example for index, example in enumerate(train) if index not in without]
            log.info("bag %d of %d: %d of %d training examples", bag + 1, number, len(kept), len(train))
            run.will_read(set_files(settings))
            fit_model = fit_baseline if settings.model.is_baseline else fit
            record, _ = fit_model(settings, run, task, {"train": kept, "dev": sets["dev"]}, eval_sets)
        records.append(record)
    return records


def bag_run(settings: Settings, bag: int) -> Run:
    """Return the run of the model that is trained without one part of the training set."""
    identity = finetuning_identity(settings) | {"bag": bag, "bags": settings.ensemble.bags}
    parts = [settings.task.name, settings.model.name, f"s{settings.seed}", f"bag{bag}of{settings.ensemble.bags}"]
    return Run(settings, BAG, parts, identity)

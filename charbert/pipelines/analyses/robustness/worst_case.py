"""The edits that hurt one fine-tuned model most, found by search on its scores."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from tqdm import tqdm

from charbert.config.schema import Settings
from charbert.data.splits import Parts
from charbert.evaluation.calibration import RECORD_KEY
from charbert.evaluation.errors import ErrorTable, render_markdown
from charbert.evaluation.metric_paths import metric_path
from charbert.evaluation.robustness import SetPredictions
from charbert.evaluation.worst_case import Candidate, Found, Scored, Text, WorstCaseSearch
from charbert.files import write_atomically
from charbert.noise.single_edits import SingleEdits
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import fetch_sets, prepare_data, read_articles, set_files, task_files
from charbert.pipelines.build.eval_sets import read_sets, read_test_sets
from charbert.pipelines.evaluate.finetuned import finetuned_predictor
from charbert.pipelines.evaluate.scoring import score_eval_sets
from charbert.pipelines.train.classical import baseline_predictor, check_baseline, without_trunk
from charbert.pipelines.train.cross_validation import chosen_folds, fold_sets, pool_predictions
from charbert.pipelines.train.finetune import prepare_models
from charbert.runs.analysis_keys import WORST_CASE
from charbert.runs.data_files import keep_checksums
from charbert.runs.run import Run, with_fold
from charbert.seeding import numpy_generator
from charbert.serialization import read_json
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

GROUP = 32
"""Examples that are searched together, so that the model sees full batches. An interrupted search goes on after the
last whole group, so its model sees the same batches as that of a search without a break."""
FOUND = "worst_edits.jsonl"
"""File in a run's folder with what was found for each example."""
SHOWN = 50
"""Examples for each number of edits on the page beside it."""
SO_FAR = f"checkpoint-{FOUND}"
"""File beside an interrupted run's checkpoints with what it has found, in the order of the models."""

Predict = Callable[[Sequence[Any]], SetPredictions]
Line = dict[str, Any]
"""What was found for one example, as the file has it."""


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the scores of the settings' model on test examples as they are, with random and with the worst edits.

    The model is fine-tuned first where its weights are missing, of a task with folds those of every fold; a baseline is
    fitted again.
    """
    (run,) = runs.values()
    check_baseline(settings)
    prepare_data(settings)
    run.will_read(fetch_sets(settings))
    task = build_task(settings.task)
    examples, numbers, models = drawn_examples(settings, task)
    parts = [Parts((), (), places) for places in models]
    lines = search(settings, run, task, examples, models)
    eval_sets = attacked_sets(task, examples, lines, settings.worst_case.numbers(0))
    with recorded_analysis(settings, run, WORST_CASE, set_files(settings)) as (record, tracked):
        if settings.model.is_baseline:
            record.settings = without_trunk(record.settings)
        of_parts = []
        for places, load in models.items():
            predict = load()
            own = {name: [of_set[place] for place in places] for name, of_set in eval_sets.items()}
            of_parts.append({name: predict(of_set) for name, of_set in own.items()})
        predictions = pool_predictions(parts, of_parts)
        metrics, record.details[RECORD_KEY] = score_eval_sets(
            settings, run, task, eval_sets, predictions, tracked, articles=read_articles(settings)
        )
        for name, of_set in eval_sets.items():
            task.write(run.folder / "sets" / f"{name}{task.suffix}", of_set)
        write_atomically(run.folder / FOUND, _as_text(lines))
        pages = (render_markdown(table, SHOWN) for table in hurtful_edits(task, eval_sets, predictions, lines))
        write_atomically((run.folder / FOUND).with_suffix(".md"), "\n".join(pages))
        chosen = {name: getattr(settings.worst_case, name) for name in ("budget", "beam", "restarts")}
        record.details["search"] = chosen | _effort(lines) | {"test_examples": numbers}
        record.finish(metrics | _of_right_ones(task, eval_sets, predictions, lines))
    run.drop_checkpoints()


def drawn_examples(
    settings: Settings, task: Task[Any, Any]
) -> tuple[list[Any], list[int], dict[tuple[int, ...], Callable[[], Predict]]]:
    """Return the test examples that are looked at, their numbers in the file, and the models that they are for.

    They are drawn by the attack's seed alone, so they are the same for all models. Of a task with folds each is for the
    model that did not learn from it. Models are loaded by calling them.
    """
    folded = bool(task_files(settings).folds.number)
    sets = read_test_sets(settings, task, learn=True) if folded else read_sets(settings, task)
    folds = chosen_folds(settings, task, sets["test"]) if folded else [Parts((), (), tuple(range(len(sets["test"]))))]
    tested = sorted(index for fold in folds for index in fold.test)
    rng = numpy_generator(settings.attack.seed, "worst_case", "examples")
    numbers = sorted(rng.permutation(tested)[: settings.worst_case.max_examples].tolist())
    place_of = {number: place for place, number in enumerate(numbers)}
    folders = prepare_models(settings)
    models: dict[tuple[int, ...], Callable[[], Predict]] = {}
    for number, fold in enumerate(folds):
        own = with_fold(settings, number) if folded else settings
        places = tuple(place_of[index] for index in fold.test if index in place_of)
        if places and folders:
            models[places] = partial(finetuned_predictor, own, task, folders[number])
        elif places:
            train = fold_sets(own, task, fold, {"clean": sets["test"]})[0]["train"] if folded else sets["train"]
            models[places] = partial(baseline_predictor, own, task, train)
    return [sets["test"][number] for number in numbers], numbers, models


def search(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    examples: Sequence[Any],
    models: Mapping[tuple[int, ...], Callable[[], Predict]],
) -> list[Line]:
    """Return what is found for each example; what an interrupted search of the run has found is read.

    An example with a score of 0 as it is stays as it is: nothing can lower it.
    """
    path = run.checkpoints_folder / SO_FAR
    keep_checksums(run.checkpoints_folder, run.data_checksums)
    again = f"delete {path.parent} to search again from the first example"
    lines = read_json(path, "what an interrupted search has found", again, lines=True) if path.is_file() else []
    if lines:
        log.info("%s: continuing after %d of %d examples", run.name, len(lines), len(examples))
    order: list[int] = []
    with tqdm(total=len(examples), initial=len(lines), unit=" examples", desc="worst edits", disable=None) as bar:
        for places, load in models.items():
            left = places[max(0, len(lines) - len(order)) :]
            order += places
            predict = load() if left else None
            for start in range(0, len(left), GROUP):
                assert predict is not None
                group = {place: examples[place] for place in left[start : start + GROUP]}
                lines += _search_group(settings, task, group, predict)
                write_atomically(path, _as_text(lines))
                bar.update(len(group))
    effort = _effort(lines)
    log.info("%s: %d texts scored, %.0f a second", run.name, effort["calls"], effort["calls_per_second"])
    return [line for _, line in sorted(zip(order, lines, strict=True), key=lambda pair: pair[0])]


def _search_group(settings: Settings, task: Task[Any, Any], group: Mapping[int, Any], predict: Predict) -> list[Line]:
    """Return what is found for examples, given by their places among those that were drawn."""
    chosen, attack = settings.worst_case, settings.attack
    rule = SingleEdits(tuple(attack.edits), attack.min_word_length, attack.letters, chosen.keep_ends, attack.layout)

    def scores(examples: Sequence[Any]) -> np.ndarray:
        predictions = predict(examples)
        return task.example_scores(examples, predictions.predictions, predictions.scores)

    clean = dict(zip(group, map(tuple, scores([*group.values()]).tolist()), strict=True))
    attacked = [place for place, (score, _) in clean.items() if score > 0]
    texts = []
    for place in attacked:
        words, rng = _words(task, group[place]), numpy_generator(attack.seed, "worst_case", place)
        texts.append(Text(words, clean[place], chosen.numbers(len(words)), rng))

    def score(candidates: Sequence[Candidate]) -> np.ndarray:
        return scores([_with_words(task, group[attacked[number]], words) for number, words in candidates])

    began = time.perf_counter()
    method = WorstCaseSearch(rule, chosen.budget, chosen.beam, chosen.restarts)
    found = dict(zip(attacked, method.run(texts, score), strict=True))
    seconds = (time.perf_counter() - began) / max(1, len(found))
    return [
        _line(clean[place], found[place], seconds) if place in found else {"clean": clean[place]} for place in group
    ]


def _line(clean: tuple[float, ...], found: Mapping[str, Found], seconds: float) -> Line:
    def plain(scored: Scored) -> dict[str, Any]:
        edits = [[index, edit.name, *rest] for index, edit, *rest in scored.edits]
        return {"score": scored.score, "edits": edits}

    of_numbers = {
        name: {"worst": plain(of.worst), "random": plain(of.random), "calls": of.calls} for name, of in found.items()
    }
    return {"clean": clean, "seconds": seconds, "found": of_numbers}


def _words(task: Task[Any, Any], example: Any) -> list[str]:
    return [word for sentence in task.adapter.sentences(example) for word in sentence]


def _with_words(task: Task[Any, Any], example: Any, words: Sequence[str]) -> Any:
    rest = iter(words)
    sentences = [[next(rest) for _ in sentence] for sentence in task.adapter.sentences(example)]
    return task.adapter.with_sentences(example, sentences)


def attacked_sets(
    task: Task[Any, Any], examples: Sequence[Any], lines: Sequence[Line], names: Iterable[str]
) -> dict[str, list[Any]]:
    """Return the examples as they are, and with the edits that the lines tell of, by kind and name of the number.

    The sets are ``clean``, ``random_1``, ``worst_1`` and so on. An example that was not attacked is the same in all.
    """
    sets = {"clean": list(examples)}
    for name in names:
        for kind in ("random", "worst"):
            sets[f"{kind}_{name}"] = [
                _edited(task, example, line["found"][name][kind]["edits"]) if "found" in line else example
                for example, line in zip(examples, lines, strict=True)
            ]
    return sets


def _edited(task: Task[Any, Any], example: Any, edits: Sequence[Sequence[Any]]) -> Any:
    words = _words(task, example)
    for index, _, _, _, after in edits:
        words[index] = after
    return _with_words(task, example, words)


def hurtful_edits(
    task: Task[Any, Any],
    eval_sets: Mapping[str, Sequence[Any]],
    predictions: Mapping[str, SetPredictions],
    lines: Sequence[Line],
) -> list[ErrorTable]:
    """Return for each number of edits the examples whose score they lower, the largest loss first."""
    described = {
        name: [task.describe(*pair) for pair in zip(examples, predictions[name].predictions, strict=True)]
        for name, examples in eval_sets.items()
    }
    tables = []
    for name in (name.removeprefix("worst_") for name in eval_sets if name.startswith("worst_")):
        rows: list[list[Any]] = []
        after, texts = described[f"worst_{name}"], task.texts(eval_sets[f"worst_{name}"])
        for number, (line, text) in enumerate(zip(lines, texts, strict=True)):
            worst = line["found"][name]["worst"] if "found" in line else None
            if worst is not None and worst["score"][0] < line["clean"][0]:
                edits = ", ".join(f"{old} → {new}" for _, _, _, old, new in worst["edits"])
                changed = _changed(described["clean"][number], after[number])
                rows.append([number, edits, changed, line["clean"][0], worst["score"][0], text])
        rows.sort(key=lambda row: row[4] - row[3])
        columns = ["example", "edits", "prediction", "score", "with the edits", "text"]
        tables.append(ErrorTable(f"at most {name}", columns, rows, len(rows)))
    return tables


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return how the predictions of two described examples differ, of sentences the tags of each word."""
    old, new = before["predicted"], after["predicted"]
    if isinstance(old, str):
        return f"{old} → {new}"
    tags = zip(before["words"], old, new, strict=True)
    return ", ".join(f"{word}: {tag} → {other}" for word, tag, other in tags if tag != other)


def _of_right_ones(
    task: Task[Any, Any],
    eval_sets: Mapping[str, Sequence[Any]],
    predictions: Mapping[str, SetPredictions],
    lines: Sequence[Line],
) -> dict[str, float]:
    """Return the share of examples that are right as they are, and the scores of these alone on each set."""
    right = [number for number, line in enumerate(lines) if line["clean"][0] == 1]
    metrics = {f"right/{task.name}": len(right) / len(lines)}
    for name, examples in eval_sets.items() if right else ():
        own = task.score(
            [examples[number] for number in right], [predictions[name].predictions[number] for number in right]
        )
        metrics[f"right/{metric_path(task.name, name)}/{task.metric}"] = own[task.metric]
    return metrics


def _effort(lines: Sequence[Line]) -> dict[str, Any]:
    """Return how many examples were attacked, how many texts were scored for it, and how fast."""
    attacked = [line for line in lines if "found" in line]
    names = attacked[0]["found"] if attacked else {}
    calls = {name: [line["found"][name]["calls"] for line in attacked] for name in names}
    seconds, total = sum(line["seconds"] for line in attacked), sum(map(sum, calls.values()))
    return {
        "attacked": len(attacked),
        "right": sum(line["clean"][0] == 1 for line in lines),
        "calls": total,
        "calls_per_example": {name: {"mean": float(np.mean(of)), "most": max(of)} for name, of in calls.items()},
        "seconds": seconds,
        "calls_per_second": total / seconds if seconds else 0.0,
    }


def _as_text(lines: Sequence[Line]) -> str:
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)

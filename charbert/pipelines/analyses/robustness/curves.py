"""One fine-tuned model on test sets with an attack of rising strength."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from charbert.config.data.noise import READ_BY, AttackSettings
from charbert.config.schema import Settings
from charbert.evaluation.metric_paths import metric_path
from charbert.pipelines.analyses.robustness.families import record_noisy_scores
from charbert.pipelines.build.eval_sets import attacked_copy
from charbert.reporting.tables.paper import metric_name
from charbert.runs.analysis_keys import NOISE_CURVES
from charbert.runs.run import Run
from charbert.tasks.task import Task

Curves = dict[str, list[tuple[float, str]]]
"""By name (``words``, ``edits``) the points of a curve: strength, and name of the eval set."""


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the scores of the settings' model at all strengths, and the area under each curve.

    ``curve/TASK/NAME`` is the area under the curve of the task's metric by the trapezoidal rule, divided by the range
    of the strengths: a mean score. ``details.curves`` has the points.
    """
    (run,) = runs.values()
    curves, attacks = curve_sets(settings)
    task, metric = settings.task.name, settings.task.metric
    name = metric_name(task, metric)

    def build(
        settings: Settings, task: Task[Any, Any], sets: dict[str, list[Any]]
    ) -> tuple[dict[str, Sequence[Any]], dict[str, str]]:
        attacked = {set_: attacked_copy(settings, attack, task, sets["test"])[0] for set_, attack in attacks.items()}
        eval_sets: dict[str, Sequence[Any]] = {"clean": sets["test"], **attacked}
        return eval_sets, dict.fromkeys(eval_sets, "clean")

    def areas(metrics: Mapping[str, float]) -> dict[str, float]:
        return {
            f"curve/{task}/{curve}": area([(x, metrics[f"{metric_path(task, set_)}/{name}"]) for x, set_ in points])
            for curve, points in curves.items()
        }

    files = settings.curves.attack.files(settings.paths.data)
    record_noisy_scores(settings, run, NOISE_CURVES, build, files, {"curves": curves}, areas)


def curve_sets(settings: Settings) -> tuple[Curves, dict[str, AttackSettings]]:
    """Return the points of the curves, and the attack of each eval set that is not clean.

    Sets of rising shares are nested, since an attack draws one number for each word: a word that is attacked at a small
    share is attacked in the same way at a larger one. The curve of edits begins at the clean set.
    """
    attack = settings.curves.attack
    curves: Curves = {"words": []}
    attacks: dict[str, AttackSettings] = {}
    for share in settings.curves.shares:
        name = f"words_{100 * share:g}" if share else "clean"
        curves["words"].append((share, name))
        if share:
            attacks[name] = replace(attack, name=name, probability=share)
    if attack.family in READ_BY["edits_per_word"] and settings.curves.edits:
        curves["edits"] = [(0, "clean")]
        for edits in settings.curves.edits:
            chosen = replace(attack, name=f"edits_{edits}", probability=1.0, edits_per_word=edits)
            same = [name for name, other in attacks.items() if replace(other, name=chosen.name) == chosen]
            curves["edits"].append((edits, same[0] if same else chosen.name))
            if not same:
                attacks[chosen.name] = chosen
    return curves, attacks


def area(points: Sequence[tuple[float, float]]) -> float:
    """Return the area under the lines between points (x, y), divided by the range of x."""
    whole = sum((right - left) * (low + high) / 2 for (left, low), (right, high) in pairwise(points))
    return whole / (points[-1][0] - points[0][0])

"""All models of a task compared: averaged scores, ranking and calibration."""

from collections.abc import Sequence

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, Table
from charbert.reporting.tables.paper import attack_rule, task_title
from charbert.reporting.tables.scores import build_table

ORDER = ("BERT", "AdvBERT", "NLM-BERT", "BERT+WordRec", "CharBERT")
"""Rows from the top; ensembles and baselines follow by name."""
_SHOWN = {
    "accuracy": ("acc.", True),
    "macro_recall": ("balanced acc.", True),
    "macro_f1": ("macro F1", True),
    "weighted_f1": ("weighted F1", True),
    "matthews": ("Matthews", True),
    "roc_auc": ("ROC-AUC", True),
    "pr_auc": ("PR-AUC", True),
    "ece": ("ECE", False),
    "scaled_ece": ("ECE scaled", False),
    "brier": ("Brier", False),
}
"""Metric -> its heading, and whether more is better."""
_DECISIONS = {
    "": "Of each row's label.",
    "token/": "Of each word's tag by itself; words that a tokenizer turns into nothing are left out.",
    "answerability/": "Of whether a question has an answer, at threshold 0; the answer is the positive label.",
}


def calibration_table(records: Sequence[ResultRecord], task: str, attack: str) -> Table:
    """Return the table of a task, clean and under an attack.

    Args:
        records: that are compared in one table; those without calibration scores are left out.
        task: as ``qnli``.
        attack: its name, as ``charbert``.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    path = decision_path(records, task)
    calibrated = [record for record in records if f"eval/{task}/{path}ece" in record.metrics]
    columns = [
        Column(heading, name, f"{prefix}/{path}{metric}", higher_is_better=higher)
        for metric, (heading, higher) in _SHOWN.items()
        for name, prefix in (("original", f"eval/{task}"), ("attack", f"attack/{task}/{attack}"))
    ]
    notes = [
        _DECISIONS[path],
        "Balanced accuracy: mean recall of the labels. Areas of more than two labels: means, each against the rest. "
        "ECE: expected calibration error, lower is better; scaled: at the temperature that fits the dev set best.",
        f"Attacked with {attack}: {attack_rule(attack, calibrated) or 'a set of our own'}.",
    ]
    title = f"{task_title(task)}: averages, ranking and calibration"
    return build_table(calibrated, title=title, columns=columns, order=ORDER, notes=notes)


def decision_path(records: Sequence[ResultRecord], task: str) -> str:
    """Return the path of the metrics of single decisions below the task's, as ``token/``; empty for classification."""
    names = {name for record in records for name in record.metrics}
    return next((path for path in _DECISIONS if f"eval/{task}/{path}ece" in names), "")

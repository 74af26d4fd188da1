"""Scores on families of noise by the noise that a model was trained on; the paper has no such table."""

from collections.abc import Mapping, Sequence

from charbert.config.renamed import with_new_names
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Table
from charbert.reporting.tables.robustness.families import robustness_table
from charbert.reporting.tables.scores import renamed, row_label, setting, trunk_family

NO_NOISE = "no noise"
FINETUNED = "fine-tuning, "
"""Before the method of `RobustTrainingSettings`, in what a row is named after."""


def training_noise_rows(records: Sequence[ResultRecord]) -> dict[str, list[ResultRecord]]:
    """Return the records of each family of models, renamed to ``MODEL: TRAINING NOISE``; the least noise first.

    A family has the plain trunk or a char channel. A model of a saved encoder, and one behind a dictionary, is a family
    of its own. Models behind a recognizer, whose own training counts, are left out.
    """
    families: dict[str, list[ResultRecord]] = {}
    for record in sorted(records, key=_order):
        if setting(record, "model.recognizer.enabled"):
            continue
        named = renamed(record, f"{row_label(record)}: {training_noise(record)}")
        families.setdefault(_family(record), []).append(named)
    return dict(sorted(families.items()))


def _order(record: ResultRecord) -> tuple[bool, bool, str]:
    noise = training_noise(record)
    return noise != NO_NOISE, FINETUNED in noise, row_label(record)


def _family(record: ResultRecord) -> str:
    if any(setting(record, f"model.{name}") for name in ("pretrained", "released", "dictionary.enabled")):
        return row_label(record)
    return trunk_family(record) if setting(record, "model.char_encoder") == "none" else "CharBERT"


def training_noise(record: ResultRecord) -> str:
    """Return what noise a record's model was trained on, in pretraining and in fine-tuning."""
    model, noise = record.settings["model"], record.settings.get("noise", {})
    parts = []
    if model.get("pretrained") or model.get("released"):
        parts.append("pretraining of the encoder's folder")
    elif model["objective"] != "none":
        rules = "" if noise["rules"] == "paper" else f" by the {noise['rules']} rules"
        keys = " with keys" if any("key" in edit for edit in noise["edits"]) else ""
        parts.append(f"pretraining, {100 * noise['probability']:.0f} % of words{keys}{rules}")
    robust = with_new_names(record.settings).get("robust_training", {})
    if robust.get("method", "none") != "none":
        parts.append(f"{FINETUNED}{robust['method']}")
    return ", then ".join(parts) or NO_NOISE


def training_noise_table(
    families: Mapping[str, Sequence[ResultRecord]], p_values: Mapping[tuple[str, str], float] | None = None
) -> Table:
    """Return the table of the rows of `training_noise_rows`, one family after the other.

    Args:
        p_values: (row, ``Column.heading``) -> p of a test against the first row of its family.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    records = [record for family in families.values() for record in family]
    return robustness_table(
        records,
        p_values,
        title="noise trained on (rows) and tested on (columns)",
        order=list(dict.fromkeys(map(row_label, records))),
        compared_with="the first row of its family",
    )

"""Scores on families of noise by the noise that a model was trained on; the paper has no such table."""

from collections.abc import Mapping, Sequence

from charbert.config.renamed import with_new_names
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Table
from charbert.reporting.tables.robustness.families import robustness_table
from charbert.reporting.tables.scores import renamed, row_label, setting, trunk_family

NO_NOISE = "no noise"


def training_noise_rows(records: Sequence[ResultRecord]) -> dict[str, list[ResultRecord]]:
    """Return the records of each family of models, renamed to ``MODEL: TRAINING NOISE``; those without noise first.

    A family has the plain trunk or a char channel. Models behind a corrector, whose own training counts, are left out.
    """
    families: dict[str, list[ResultRecord]] = {}
    for record in sorted(records, key=lambda record: (training_noise(record) != NO_NOISE, row_label(record))):
        if any(setting(record, f"model.{corrector}.enabled") for corrector in ("recognizer", "dictionary")):
            continue
        plain = setting(record, "model.char_encoder") == "none"
        family = trunk_family(record) if plain else "CharBERT"
        families.setdefault(family, []).append(renamed(record, f"{row_label(record)}: {training_noise(record)}"))
    return dict(sorted(families.items()))


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
        parts.append(f"fine-tuning, {robust['method']}")
    return "; ".join(parts) or NO_NOISE


def training_noise_table(
    families: Mapping[str, Sequence[ResultRecord]], p_values: Mapping[tuple[str, str], float] | None = None
) -> Table:
    """Return the table of the rows of `training_noise_rows`, one family after the other.

    Args:
        p_values: (row, ``Column.heading``) -> p of a test against the family's row without noise.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    records = [record for family in families.values() for record in family]
    return robustness_table(
        records,
        p_values,
        title="noise trained on (rows) and tested on (columns)",
        order=list(dict.fromkeys(map(row_label, records))),
        compared_with="the family's row without noise in training",
    )

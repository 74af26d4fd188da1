"""The paper's Tables 1 to 4 with our scores: the rows and columns of each, and their order."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from charbert.config.data.noise import AttackSettings
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, Table
from charbert.reporting.tables import published
from charbert.reporting.tables.published import ATTACK, ORIGINAL, Measure
from charbert.reporting.tables.scores import build_table, row_label, setting
from charbert.serialization import json_value

DENSE = ("AdvBERT, dense noise", "CharBERT, dense noise")
"""Variants of ours."""
BEHIND_DICTIONARY = tuple(
    f"{encoder}+{corrector}"
    for encoder in ("BERT", "CharBERT (pretrained)", "CharBERT-MiniLM")
    for corrector in (
        "Dictionary",
        "Repair",
        "Context repair",
        "Context repair, token head",
        "Typo repair",
        "Typo repair, token head",
        "Token repair",
    )
)
BASELINES = ("AdvBERT", "AdvBERT, dense noise", "NLM-BERT", "BERT+WordRec", *BEHIND_DICTIONARY)
"""Models trained against misspelled words, which Tables 1 and 3 do not have; NLM-BERT and dense noise are ours."""
ABLATIONS = ("w/o GRU", "w/o heterogeneous interaction", "w/o NLM")
TASK_TITLES = {
    "squad1": "SQuAD 1.1",
    "squad2": "SQuAD 2.0",
    "cola": "CoLA",
    "ner": "NER",
    "pos": "POS",
    "sst2": "SST-2",
    "ud_english": "UD English POS",
    "ud_turkish": "UD Turkish POS",
}
"""Names of tasks in headings; the others are written in capitals."""
SCORED_KINDS = ("finetune", "ensemble", "baseline")
"""Kinds of records that are rows."""
METRIC_TITLES = {"exact_match": "EM", "f1": "F1", "accuracy": "acc.", "matthews": "Matthews"}
METRIC_NAMES = {
    ("squad1", "exact_match"): "exact",
    ("squad2", "exact_match"): "best_exact",
    ("squad2", "f1"): "best_f1",
}
"""Names of the paper's metrics in our records, where they differ."""
ATTACKS = {"released": "the authors' attacked set", "charbert": "our generator, after the authors' rule (Sec. 4.5)"}
"""Attacked sets, the preferred one first."""
THRESHOLD_NOTE = "SQuAD 2.0: at the no-answer threshold best for the scored set (Sec. 3.6)."


def task_title(task: str) -> str:
    """Return the name of a task in headings."""
    return TASK_TITLES.get(task, task.upper())


def score_title(task: str, metric: str) -> str:
    """Return the heading of a task's score, as ``NER F1``."""
    return f"{task_title(task)} {METRIC_TITLES.get(metric, metric)}"


def metric_name(task: str, metric: str) -> str:
    """Return the name that a task's metric has in our records."""
    return METRIC_NAMES.get((task, metric), metric)


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper: what ours shows of it and beside it."""

    stem: str
    """Name of its experiment and of its files."""
    title: str
    published: published.PublishedTable
    order: tuple[str, ...]
    """Rows from the top; others follow by name."""
    left_out: tuple[str, ...] = ()
    """Rows that our runs have and this table does not show."""
    second_baseline: str = ""
    """Row that the others are tested against as well as against the plain trunk; none if empty."""
    several_trunks: bool = False
    """Whether rows of several trunks stand in it (BERT's, RoBERTa's)."""
    ours: tuple[Measure, ...] = ()
    """Columns that the paper's table lacks, shown once a run has their scores."""

    def measures(self, records: Sequence[ResultRecord]) -> tuple[Measure, ...]:
        """Return what the columns show: all of the paper's, and those of ours that the records have."""
        paths = [path for record in records for path in record.metrics]
        kinds = {ORIGINAL: "eval", ATTACK: "attack"}
        measured = [m for m in self.ours if any(path.startswith(f"{kinds[m.condition]}/{m.task}/") for path in paths)]
        return (*self.published.measures, *measured)


TABLE_SPECS = {
    spec.stem: spec
    for spec in (
        PaperTable(
            "table1_qa_classification",
            "Table 1: question answering and text classification",
            published.TABLE_1,
            order=("BERT", "CharBERT", "RoBERTa", "XLNet", "CharBERT-RoBERTa"),
            left_out=(*BASELINES, *ABLATIONS),
            several_trunks=True,
            ours=(Measure("sst2", "accuracy"),),
        ),
        PaperTable(
            "table2_robustness",
            "Table 2: robustness to misspelled words",
            published.TABLE_2,
            # Departure: NLM-BERT, a row of ours, separates the effect of the objective from that of the channel
            order=("BERT", "AdvBERT", "NLM-BERT", "BERT+WordRec", *BEHIND_DICTIONARY[:3], "CharBERT", *DENSE),
            left_out=ABLATIONS,
            second_baseline="AdvBERT",
            ours=tuple(
                Measure(task, metric, condition)
                for task, metric in (("squad1", "f1"), ("ud_turkish", "accuracy"))
                for condition in (ORIGINAL, ATTACK)
            ),
        ),
        PaperTable(
            "table3_sequence_labeling",
            "Table 3: sequence labeling",
            published.TABLE_3,
            order=("Meta-BiLSTM", "Flair", "BERT", "CharBERT", "RoBERTa", "CharBERT-RoBERTa"),
            left_out=(*BASELINES, *ABLATIONS),
            several_trunks=True,
            ours=(Measure("ud_english", "accuracy", digits=2),),
        ),
        PaperTable(
            "table4_ablation",
            "Table 4: what each part of CharBERT gives",
            published.TABLE_4,
            order=("CharBERT", *ABLATIONS, "AdvBERT", "NLM-BERT", "BERT"),
            left_out=("BERT+WordRec", *BEHIND_DICTIONARY),
            ours=(Measure("ner", "f1", ATTACK, digits=2),),
        ),
    )
}
"""By name of the experiment."""


def table_records(spec: PaperTable, records: Sequence[ResultRecord]) -> list[ResultRecord]:
    """Return the fine-tuned runs that have a score for the table, in a row that it shows."""
    measures = (*spec.published.measures, *spec.ours)
    prefixes = tuple(f"{kind}/{measure.task}/" for measure in measures for kind in ("eval", "attack"))
    return [
        record
        for record in records
        if record.kind in SCORED_KINDS
        and row_label(record) not in spec.left_out
        and any(name.startswith(prefixes) for name in record.metrics)
    ]


def table_columns(spec: PaperTable, records: Sequence[ResultRecord]) -> tuple[Column, ...]:
    """Return the table's columns, with the names that our records have for their scores.

    Args:
        records: decide which attacked set is shown: the authors' (``released``) if any run has it, else ours.
    """
    measures = spec.measures(records)
    attacked = {(m.task, m.metric) for m in measures if m.condition == ATTACK}
    return tuple(
        _column(measure, (measure.task, measure.metric) in attacked, table_attack(measure.task, records))
        for measure in measures
    )


def paper_table(
    spec: PaperTable,
    records: Sequence[ResultRecord],
    *,
    p_values: Mapping[tuple[str, str], float] | None = None,
    second_baseline_p_values: Mapping[tuple[str, str], float] | None = None,
) -> Table:
    """Return one of the paper's tables with our scores beside its own.

    Args:
        records: those of ``SCORED_KINDS`` count; metrics ``eval/<task>/<metric>`` and
            ``attack/<task>/<attack>/<metric>``.
        p_values: see `charbert.reporting.tables.scores.build_table`.
        second_baseline_p_values: of tests against ``spec.second_baseline``.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    records = table_records(spec, records)
    columns = table_columns(spec, records)
    paper_scores = {
        (label, column.heading): score
        for label in spec.published.rows
        for column, measure in zip(columns, spec.measures(records), strict=True)
        if (score := spec.published.score(label, measure)) is not None
    }
    return build_table(
        records,
        title=spec.title,
        columns=columns,
        published=paper_scores,
        order=spec.order,
        p_values=p_values,
        second_baseline=spec.second_baseline,
        second_baseline_p_values=second_baseline_p_values,
        notes=_notes(columns, records),
    )


def main_scores(record: ResultRecord) -> dict[str, float]:
    """Return the scores of a run by the main metric of its tasks, on the dev set, the test set and under attack.

    They are in percent, by their headings in tables: ``NER F1 dev``, ``NER F1 original``, ``NER F1 attack``. Of
    several attacked sets the one that tables show counts.
    """
    own = record.settings.get("task", {})
    measured = [path.split("/")[1:] for path in record.metrics if path.startswith("dev/") and path.count("/") == 2]
    scores: dict[str, float] = {}
    for task, metric in dict.fromkeys([*map(tuple, measured), (own.get("name"), own.get("metric"))]):
        name = metric_name(task, metric)
        paths = {
            "dev": f"dev/{task}/{metric}",
            ORIGINAL: f"eval/{task}/{name}",
            ATTACK: f"attack/{task}/{table_attack(str(task), [record])}/{name}",
        }
        group = score_title(str(task), metric)
        scores |= {
            f"{group} {title}": 100 * record.metrics[path] for title, path in paths.items() if path in record.metrics
        }
    return scores


def _column(measure: Measure, has_attack: bool, attack: str) -> Column:
    group, title = score_title(measure.task, measure.metric), measure.condition
    if not has_attack:
        group, title = task_title(measure.task), METRIC_TITLES[measure.metric]
    path = f"eval/{measure.task}" if measure.condition == ORIGINAL else f"attack/{measure.task}/{attack}"
    name = metric_name(measure.task, measure.metric)
    return Column(group, title, f"{path}/{name}", published_digits=measure.digits)


def table_attack(task: str, records: Sequence[ResultRecord], usual: str = next(reversed(ATTACKS))) -> str:
    """Return the attacked set that tables show: the authors' if any run has it, else ours, ``usual``, or any other."""
    paths = [path for record in records for path in record.metrics if path.startswith(f"attack/{task}/")]
    found = dict.fromkeys(path.split("/")[2] for path in paths)
    return next((attack for attack in (*ATTACKS, usual, *found) if attack in found), usual)


def attack_rule(attack: str, records: Sequence[ResultRecord], section: str = "attack") -> str | None:
    """Return how an attacked set is made, for a note; None for one of our own, as by the paper's attack with a change.

    Args:
        attack: name of the set.
        section: of the records' settings, with those of the attack.
    """
    usual = asdict(AttackSettings())
    changed = {
        name
        for record in records
        for name, value in json_value(usual, section).items()
        if name != "seed" and setting(record, f"{section}.{name}") not in (None, value)
    }
    return None if changed and attack == usual["name"] else ATTACKS.get(attack)


def _notes(columns: Sequence[Column], records: Sequence[ResultRecord]) -> list[str]:
    shown = [column for column in columns if any(column.metric in record.metrics for record in records)]
    attacked: dict[str, list[str]] = {}
    for column in shown:
        kind, _, attack, *_ = column.metric.split("/")
        if kind == "attack":
            attacked.setdefault(attack, []).append(column.group)
    notes = [
        f"{', '.join(groups)} attacked with {attack}: {attack_rule(attack, records) or 'a set of our own'}."
        for attack, groups in attacked.items()
    ]
    return notes + ([THRESHOLD_NOTE] if any("/squad2/" in column.metric for column in shown) else [])

"""Figs. 4-6, the statistics of Sec. 1 and hidden channels as tables: our scores beside the paper's."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from charbert.records import ResultRecord, latest_runs
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.tables import published
from charbert.reporting.tables.scores import build_table, renamed, setting, task_of

MODELS = ("BERT", "AdvBERT", "NLM-BERT", "CharBERT")
PAPER_TASK = "ner"
PAPER_TOKENIZER = "bert-base-cased"
PAPER_CORPUS = "CoNLL-2003"


def fig4_word_vs_subword(records: Sequence[ResultRecord]) -> Table:
    """Return entity F1 of all words, of words split into subwords, and of whole words. Paper: Fig. 4.

    Args:
        records: with metrics ``eval/<task>/{all_words,split,unsplit}/f1`` and ``share/split_*``, of one task.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    task = task_of(records)
    names = {"all_words": "all words", "split": "split", "unsplit": "unsplit"}
    columns = {
        name: Column(f"{task.upper()} F1", heading, f"eval/{task}/{name}/f1", published_digits=2)
        for name, heading in names.items()
    }
    paper_scores = {
        (model, column.heading): scores[name]
        for model, scores in published.FIGURE_4.items()
        for name, column in columns.items()
    }
    words, entity_words, entities = (
        f"{100 * statistics.fmean(record.metrics[f'share/{name}'] for record in records):.1f} %"
        for name in ("split_words", "split_entity_words", "split_entities")
    )
    paper = {name: f"paper: {100 * share:.1f} %" for name, share in published.FIGURE_4_SPLIT_SHARE.items()}
    note = (
        f"Split: {words} of the words ({paper['words']}), {entity_words} of the words in entities "
        f"({paper['entities']}); {entities} of the entities have a split word and count as split."
    )
    return build_table(
        records,
        title="Fig. 4: entities of words split into several subwords, and of whole words",
        columns=list(columns.values()),
        published=paper_scores if task == PAPER_TASK else None,
        order=MODELS,
        notes=[note],
    )


def fig5_sensitivity(records: Sequence[ResultRecord]) -> Table:
    """Return sensitivities, times 100. Paper: Fig. 5; nothing is best here, so nothing is bold.

    Args:
        records: with metrics ``sensitivity/<task>/{concat,token,char}/{all_words,attacked,others}``, of one task
            and one stage.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    task = task_of(records)
    shown = {
        "all words": "concat/all_words",
        "attacked words": "concat/attacked",
        "other words": "concat/others",
        "token channel": "token/all_words",
        "char channel": "char/all_words",
    }
    columns = [Column("S x 100,", name, f"sensitivity/{task}/{path}", 2) for name, path in shown.items()]
    notes = [
        "S is the mean of 1/2 - 1/2 cos(r, r') over words, r and r' the last-layer states of a word's first subword "
        "before and after the attack; of CharBERT both channels concatenated, as its heads read them, unless a "
        "channel is named.",
        f"{task.upper()} test set; {setting(records[0], 'analysis.sensitivity.stage')} models.",
    ]
    table = build_table(
        records,
        title="Fig. 5: sensitivity to misspelled words",
        columns=columns,
        published={(model, columns[0].heading): 100 * value for model, value in published.FIGURE_5.items()},
        order=MODELS,
        notes=notes,
    )
    return _unranked(table)


def fig6_embedding_sources(records: Sequence[ResultRecord]) -> Table:
    """Return NER F1 of a BiLSTM on frozen states, one row for each kind of states. Paper: Fig. 6.

    Args:
        records: with ``details.source`` and metrics ``eval/<task>/f1``, of one task.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    task = task_of(records)
    column = Column(f"{task.upper()} F1", "", f"eval/{task}/f1", published_digits=2)
    paper_scores = {(source, column.heading): score for source, score in published.FIGURE_6.items()}
    return build_table(
        [renamed(record, _source_label(record)) for record in records],
        title="Fig. 6: a BiLSTM on frozen states, by their source",
        columns=[column],
        published=paper_scores if task == PAPER_TASK else None,
        order=tuple(published.FIGURE_6),
        notes=["char, token, their sum and their concatenation are CharBERT's; all before fine-tuning."],
    )


def channels(records: Sequence[ResultRecord]) -> Table:
    """Return scores with the attacked words hidden from one channel; the paper has no such table.

    Args:
        records: with metrics ``channels/<task>/{clean,attacked}/{all,no_subwords,no_characters}`` and
            ``details.changed``, of one task.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    task, metric = task_of(records), str(setting(records[0], "task.metric"))
    shown = {"all": "", "no_subwords": ", subwords hidden", "no_characters": ", characters hidden"}
    columns = [
        Column(f"{task.upper()} {metric.upper()}", f"{'original' if text == 'clean' else 'attack'}{heading}", path)
        for text in ("clean", "attacked")
        for inputs, heading in shown.items()
        for path in (f"channels/{task}/{text}/{inputs}",)
    ]
    share = statistics.fmean(record.details["changed"] for record in records)
    table = build_table(
        records,
        title="What each channel gives",
        columns=columns,
        order=MODELS,
        notes=[
            f"Hidden are the words that the attack changes ({100 * share:.1f} %), in the original text too: their "
            "subwords behind the mask, or their characters, as MLM hides them. Context stays. Computed in 32 bits: "
            "scores differ a little from those of fine-tuning in bf16."
        ],
    )
    return _unranked(table)


def intro_fragility(records: Sequence[ResultRecord]) -> Table:
    """Return what a deleted character does to the subwords of nouns, one row for each tokenizer. Paper: Sec. 1.

    Args:
        records: with ``details.tokenizer`` and metrics ``share/{split,new_subwords,new_length}``, on the same nouns.
    """
    shown = {
        "split": published.SPLIT_NOUNS,
        "new_subwords": published.NOUNS_WITH_NEW_SUBWORDS,
        "new_length": published.NOUNS_WITH_NEW_LENGTH,
    }
    names = ("split", "other subwords only", "other number of subwords")
    columns = [
        Column("nouns," if at == 0 else "after a deletion,", name, f"share/{key}", 0, higher_is_better=False)
        for at, (key, name) in enumerate(zip(shown, names, strict=True))
    ]
    runs = latest_runs(records, lambda record: str(record.details["tokenizer"]))
    rows = []
    for label in [PAPER_TOKENIZER, *sorted(runs.keys() - {PAPER_TOKENIZER})]:
        scores = {key: tuple(100 * run.metrics[f"share/{key}"] for run in runs.get(label, ())) for key in shown}
        paper = {key: 100 * value if label == PAPER_TOKENIZER else None for key, value in shown.items()}
        rows.append(Row(label, tuple(Cell(scores[key], paper[key]) for key in shown)))
    nouns = records[0].details["counts"]["nouns"]
    return Table(
        "Sec. 1: nouns in subword tokenizers, and after one random character is deleted",
        tuple(columns),
        tuple(rows),
        f"{nouns:,} nouns of the development set, data {setting(records[0], 'data.name')}. Percent.",
        (f"The paper's numbers are of {PAPER_CORPUS}.",),
    )


def shown_sentences(records: Sequence[ResultRecord]) -> dict[str, dict[str, Any]]:
    """Return by model the sentence that Fig. 5 shows: its words, clean and noisy, and their values; lowest seed."""
    first = sorted(records, key=lambda record: record.seed, reverse=True)
    sentences = {str(record.settings["model"]["name"]): record.details["sentence"] for record in first}
    return {
        model: sentences[model] for model in (*MODELS, *sorted(sentences.keys() - set(MODELS))) if model in sentences
    }


def _source_label(record: ResultRecord) -> str:
    """Return the kind of CharBERT's states, the name of a model that has one channel, or both of another model."""
    model, source = str(record.settings["model"]["name"]), str(record.details["source"])
    if record.settings["model"]["char_encoder"] == "none":
        return model
    return source if model == "CharBERT" else f"{model}, {source}"


def _unranked(table: Table) -> Table:
    """Return the table without its best scores flagged, where the highest is no better than another."""
    rows = [Row(row.label, tuple(replace(cell, is_best=False) for cell in row.cells)) for row in table.rows]
    return replace(table, rows=tuple(rows))

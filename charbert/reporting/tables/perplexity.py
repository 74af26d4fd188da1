"""Perplexities of encoders and of n-grams, one row each."""

from collections.abc import Sequence

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, Row, Table
from charbert.reporting.tables.scores import describe, metric_cell, row_label, setting

_WORDS = {
    ("all words,", "original"): "clean/all",
    ("all words,", "attack"): "attacked/all",
    ("words left alone,", "original"): "clean/unchanged",
    ("words left alone,", "attack"): "attacked/unchanged",
}
_NLM = {
    ("NLM perplexity,", "clean words"): ("nlm/clean/all/perplexity", 1),
    ("NLM perplexity,", "noised words"): ("nlm/attacked/noised/perplexity", 1),
    ("NLM accuracy,", "clean words"): ("nlm/clean/all/accuracy", 100),
    ("NLM accuracy,", "noised words"): ("nlm/attacked/noised/accuracy", 100),
    ("NLM accuracy,", "their subwords hidden"): ("nlm/attacked/noised/subwords_hidden/accuracy", 100),
    ("NLM accuracy,", "their characters hidden"): ("nlm/attacked/noised/characters_hidden/accuracy", 100),
}


def perplexity_table(records: Sequence[ResultRecord]) -> Table:
    """Return the table of encoders measured on the same text, and of n-grams of the trunk's subwords.

    Args:
        records: of kind perplexity; of two of a model and seed the later one counts.
    """
    latest = {row_label(record): record for record in sorted(records, key=lambda record: record.finished)}
    newest = list(latest.values())[-1]
    columns = [
        *(
            Column(group, name, f"mlm/{path}/word_perplexity", higher_is_better=False)
            for (group, name), path in _WORDS.items()
        ),
        *(Column(group, name, path, higher_is_better=scale > 1) for (group, name), (path, scale) in _NLM.items()),
    ]
    ngram = newest.details["ngram"]
    rows = [_row(label, record, "mlm") for label, record in sorted(latest.items())]
    rows.append(_row(f"{ngram['order']}-grams", newest, "ngram"))
    return Table("Perplexity per word on held-out text", tuple(columns), tuple(rows), _caption(newest), _notes(newest))


def _row(label: str, record: ResultRecord, model: str) -> Row:
    values = [(f"{model}/{path}/word_perplexity", 1) for path in _WORDS.values()]
    values += [scored if model == "mlm" else ("", 1) for scored in _NLM.values()]
    return Row(label, tuple(metric_cell([record], path, scale) for path, scale in values))


def _caption(record: ResultRecord) -> str:
    words = record.details["words"]
    counted = f"{words['all']} words and punctuation marks, {words['unchanged']} of them left alone by the attack"
    return f"{describe([record], counted)}. Perplexities; accuracy in percent."


def _notes(record: ResultRecord) -> tuple[str, ...]:
    ngram, mask = record.details["ngram"], setting(record, "perplexity.mask")
    return (
        f"Of encoders pseudo-perplexity: each {mask} hidden once, all of the text around it seen. n-grams "
        f"({ngram['order']} subwords, interpolated Kneser-Ney, counted on {ngram['words']} words) see only what stands "
        "before, so theirs are higher by nature.",
        "Of attacked text all words are those that the attack made, which are no words of a language; words left alone "
        "are the same ones in both columns, between attacked neighbors in the second.",
        "NLM: the original word at its first subword, among the word vocabulary and one unknown word. Hidden: "
        "the noised words' subwords behind the mask, or their characters, as MLM hides them.",
    )

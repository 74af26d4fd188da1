"""The paper's own numbers, each where its table or figure has it.

Paper: Ma et al., CharBERT, COLING 2020 (arXiv 2011.01513). It disagrees with itself in places: AdvBERT
differs between Tables 2 and 4, and BERT's NER score is 91.24 in the tables and 91.23 in Fig. 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ORIGINAL = "original"
ATTACK = "attack"


@dataclass(frozen=True)
class Measure:
    """What a column of a published table holds."""

    task: str
    """As ``task.name``: qnli, ner, squad2, ..."""
    metric: str
    condition: str = ORIGINAL
    """original, or attack: every word of four or more characters misspelled."""
    digits: int = 1
    """Decimals the paper prints."""


@dataclass(frozen=True)
class PublishedTable:
    """One table of the paper: scores in percent (Matthews correlation times 100)."""

    source: str
    """Its number in the paper."""
    measures: tuple[Measure, ...]
    rows: Mapping[str, tuple[float | None, ...]]
    """By model, in the order of ``measures``; None where the paper has a dash."""

    def __post_init__(self) -> None:
        for name, values in self.rows.items():
            assert len(values) == len(self.measures), f"{self.source}: {name} has {len(values)} scores"

    def score(self, row: str, measure: Measure) -> float | None:
        """Return a score in percent; None where the paper reports none."""
        if row not in self.rows or measure not in self.measures:
            return None
        return self.rows[row][self.measures.index(measure)]


TABLE_1 = PublishedTable(
    source="Table 1",
    measures=(
        Measure("squad1", "exact_match"),
        Measure("squad1", "f1"),
        Measure("squad2", "exact_match"),
        Measure("squad2", "f1"),
        Measure("cola", "matthews"),
        Measure("mrpc", "accuracy"),
        Measure("qqp", "accuracy"),
        Measure("qnli", "accuracy"),
    ),
    rows={
        "BERT": (80.5, 88.5, 73.7, 76.3, 57.4, 86.7, 90.6, 90.7),
        "CharBERT": (82.9, 89.9, 75.7, 78.6, 59.1, 87.8, 91.0, 91.7),
        "RoBERTa": (84.6, 91.5, 80.5, 83.7, 62.1, 90.2, 91.2, 92.8),
        "XLNet": (None, None, 80.2, None, 60.2, 88.2, 91.4, 91.7),
        "CharBERT-RoBERTa": (84.0, 90.9, 81.1, 84.5, 61.8, 90.4, 91.6, 93.4),
    },
)

TABLE_2 = PublishedTable(
    source="Table 2",
    measures=(
        Measure("qnli", "accuracy"),
        Measure("qnli", "accuracy", ATTACK),
        Measure("ner", "f1", digits=2),
        Measure("ner", "f1", ATTACK, digits=2),
        Measure("squad2", "f1"),
        Measure("squad2", "f1", ATTACK),
    ),
    rows={
        "BERT": (90.7, 63.4, 91.24, 60.79, 76.3, 50.1),
        "AdvBERT": (90.8, 75.8, 90.68, 71.47, 76.6, 52.4),
        "BERT+WordRec": (84.0, 76.1, 82.52, 67.79, 63.5, 55.2),
        "CharBERT": (91.7, 80.1, 91.81, 76.14, 78.6, 56.3),
    },
)

TABLE_3 = PublishedTable(
    source="Table 3",
    measures=(Measure("ner", "f1", digits=2), Measure("pos", "accuracy", digits=2)),
    rows={
        "Meta-BiLSTM": (None, 97.96),
        "Flair": (93.09, 97.85),
        "BERT": (91.24, 97.93),
        "CharBERT": (91.81, 98.05),
        "RoBERTa": (92.22, 97.98),
        "CharBERT-RoBERTa": (92.49, 98.09),
    },
)

TABLE_4 = PublishedTable(
    source="Table 4",
    measures=(
        Measure("squad2", "f1"),
        Measure("ner", "f1", digits=2),
        Measure("qnli", "accuracy"),
        Measure("qnli", "accuracy", ATTACK),
    ),
    rows={
        "CharBERT": (78.6, 91.81, 91.7, 80.1),
        "w/o GRU": (77.7, 91.45, 90.8, 76.9),
        "w/o heterogeneous interaction": (76.8, 91.28, 90.9, 77.7),
        "w/o NLM": (78.3, 91.69, 91.4, 68.3),
        "AdvBERT": (77.4, 91.03, 90.7, 75.8),
        "BERT": (76.3, 91.24, 90.7, 63.4),
    },
)

TABLES = (TABLE_1, TABLE_2, TABLE_3, TABLE_4)


FIGURE_4 = {
    "BERT": {"all_words": 91.23, "split": 90.28, "unsplit": 93.10},
    "CharBERT": {"all_words": 91.81, "split": 90.96, "unsplit": 93.39},
}
"""NER F1 in percent of all words, of those that the tokenizer cuts into several subwords, and of the others. Fig. 4."""
FIGURE_4_SPLIT_SHARE = {"words": 0.178, "entities": 0.453}
"""Share of words, and of entities, that are split. Paper: Sec. 5.1 with Fig. 4."""

FIGURE_5 = {"BERT": 0.0612, "AdvBERT": 0.0407, "CharBERT": 0.0986}
"""Sensitivity: mean of (1 - cosine) / 2 between words' clean and noisy states, in [0, 1]. Paper: Fig. 5."""

FIGURE_6 = {"char": 88.69, "sum": 90.13, "token": 90.23, "BERT": 90.28, "concat": 90.39}
"""NER F1 in percent of a BiLSTM on frozen embeddings, by their source. Paper: Fig. 6."""

SPLIT_NOUNS = 0.28
"""Share of CoNLL-2003 dev nouns that BERT splits into several subwords. Paper: Sec. 1."""
NOUNS_WITH_NEW_SUBWORDS = 0.78
"""... whose subwords are all different once a random character is gone. Paper: Sec. 1."""
NOUNS_WITH_NEW_LENGTH = 0.77
"""... whose number of subwords is different then. Paper: Sec. 1."""

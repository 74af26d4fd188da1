"""Named entities: tags in IOB2, scored as entities (Sec. 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from charbert.data.readers.conll import TaggedSentence, read_conll, with_iob2, write_columns, write_conll
from charbert.data.readers.lines import suffix_of
from charbert.data.readers.tables import RECORD_SUFFIXES
from charbert.metrics.tagging import (
    TypeScores,
    entity_counts,
    entity_scores,
    token_accuracy,
    token_counts,
    type_averages,
)
from charbert.tasks.tagging.adapter import TaggedAdapter
from charbert.tasks.tagging.hub import hub_sentences, record_sentences
from charbert.tasks.tagging.task import Sentences, TaggingTask, Tags
from charbert.tasks.task import ExampleErrors

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows


class NamedEntityTask(TaggingTask):
    """Named entities in CoNLL columns; strict entity precision, recall and F1 over IOB2."""

    suffix = ".conll"
    adapter = TaggedAdapter(entities=True)

    def learn_labels(self, examples: Sentences) -> None:
        """Take the tags of the training sentences, and check the metric; F1 of a type may be one."""
        super().learn_labels(examples)
        types = sorted({tag[2:] for tag in self.labels if tag != "O"})
        self.check_metric(["f1", "precision", "recall", "token_accuracy", *(f"{name}/f1" for name in types)])

    def has_type_of(self, tag: str) -> bool:
        """Return whether the tag continues an entity of a type that the training sentences have."""
        return tag.startswith("I-") and f"B-{tag[2:]}" in self.labels

    def read(self, path: Path, *, attacked: bool = False, errors: ExampleErrors = None) -> list[TaggedSentence]:
        """Return the sentences of a file with their tags in IOB2; the authors' attacked file escapes its quotes."""
        strict = self.columns.strict_tags
        if suffix_of(path) in RECORD_SUFFIXES:
            sentences = record_sentences(path, self.columns, entities=True, errors=errors)
            return with_iob2(path, sentences, strict=strict, lenient=errors is not None, reports=self.file_reports)
        return read_conll(
            path,
            columns=self.columns.names or None,
            scheme="strict" if strict else "auto",
            unescape_quotes=attacked,
            errors=errors,
            reports=self.file_reports,
        )

    def write(self, path: Path, examples: Sentences) -> None:
        """Write sentences in the four columns of CoNLL-2003, or in those that the settings name."""
        if self.columns.names:
            write_columns(path, examples, self.columns.names)
        else:
            write_conll(path, examples)

    def write_hub(self, path: Path, rows: HubRows) -> None:
        """Write the sentences of a split as ``write`` does."""
        self.write(path, hub_sentences(rows, self.columns, entities=True))

    def score(self, examples: Sentences, predictions: Sequence[Tags]) -> dict[str, float]:
        """Return entity f1, precision and recall, overall and per type, and token accuracy."""
        gold = [list(example.tags) for example in examples]
        scores = entity_scores(gold, predictions)
        metrics = {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall}
        metrics |= {f"{name}/f1": part.f1 for name, part in scores.per_type.items()}
        return metrics | {"token_accuracy": token_accuracy(gold, predictions)}

    def averages(self, examples: Sentences, predictions: Sequence[Tags]) -> dict[str, float]:
        """Return precision, recall and F1 averaged over the types: equally (macro) or by frequency (weighted)."""
        return type_averages(self.class_scores(examples, predictions))

    def class_scores(self, examples: Sentences, predictions: Sequence[Tags]) -> Mapping[str, TypeScores]:
        """Return the scores of each type of entity."""
        return entity_scores([list(example.tags) for example in examples], predictions).per_type

    def units(self, examples: Sentences, predictions: Sequence[Tags], metric: str | None = None) -> np.ndarray:
        """Return counts of each sentence, for the statistic of the metric.

        True positives, false positives and false negatives, (N, 3), for F1 of a type those of the type alone; for
        precision entities that are right and found, for recall right and in the gold, for token_accuracy right words
        and words, (N, 2).
        """
        gold = [list(example.tags) for example in examples]
        if self.metric == "token_accuracy":
            return token_counts(gold, predictions)
        kind, of_type, _ = self.metric.rpartition("/f1")
        counts = entity_counts(gold, predictions, kind if of_type else None)
        right, wrong, missed = counts.T
        others = {"precision": wrong, "recall": missed}
        return np.stack([right, right + others[self.metric]], axis=1) if self.metric in others else counts

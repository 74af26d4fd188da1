"""Parts of speech: one tag of a tag set a word, scored as tokens (Sec. 4.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from charbert.data.readers.conll import TaggedSentence, read_conll, write_columns
from charbert.data.readers.conllu import CONLLU_SUFFIX, PosColumn, read_conllu, write_conllu
from charbert.data.readers.layouts import TWO_COLUMNS
from charbert.data.readers.lines import suffix_of
from charbert.data.readers.tables import RECORD_SUFFIXES
from charbert.metrics.tagging import token_accuracy, token_counts
from charbert.tasks.tagging.adapter import TaggedAdapter
from charbert.tasks.tagging.hub import hub_sentences, record_sentences
from charbert.tasks.tagging.task import Sentences, TaggingTask, Tags
from charbert.tasks.task import ExampleErrors

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows


class PartOfSpeechTask(TaggingTask):
    """Parts of speech, scored by the share of words with the right one.

    Paper: Table 3, WSJ in two columns (word, tag). Universal Dependencies are read from ``.conllu`` files.

    Args:
        columns: ``names`` of the columns of a file that is not CoNLL-U, empty for word and tag; ``label`` the
            column of the tags in CoNLL-U, upos or xpos.
    """

    suffix = ".pos"
    adapter = TaggedAdapter(entities=False)

    def read(self, path: Path, *, attacked: bool = False, errors: ExampleErrors = None) -> list[TaggedSentence]:
        """Return the sentences of a file; attacked files have the layout of clean ones."""
        if suffix_of(path) == CONLLU_SUFFIX:
            return read_conllu(path, self._tag_column, errors=errors)
        if suffix_of(path) in RECORD_SUFFIXES:
            return record_sentences(path, self.columns, entities=False, errors=errors)
        return read_conll(path, columns=self._names, scheme="plain", errors=errors)

    def write(self, path: Path, examples: Sentences) -> None:
        """Write sentences as CoNLL-U or in columns, as the suffix of the path says."""
        if suffix_of(path) == CONLLU_SUFFIX:
            write_conllu(path, examples, self._tag_column)
        else:
            write_columns(path, examples, self._names)

    def write_hub(self, path: Path, rows: HubRows) -> None:
        """Write the sentences of a split in columns."""
        write_columns(path, hub_sentences(rows, self.columns, entities=False), self._names)

    def learn_labels(self, examples: Sentences) -> None:
        """Take the tag set from the training sentences, and the tag of words that the model cannot see."""
        super().learn_labels(examples)
        self.check_metric(["accuracy", "sentence_accuracy"])
        self.outside = Counter(tag for example in examples for tag in example.tags).most_common(1)[0][0]

    def score(self, examples: Sentences, predictions: Sequence[Tags]) -> dict[str, float]:
        """Return accuracy over words, and the share of sentences without an error."""
        gold = [list(example.tags) for example in examples]
        right = sum(tags == list(predicted_tags) for tags, predicted_tags in zip(gold, predictions, strict=True))
        accuracy = token_accuracy(gold, predictions)
        return {"accuracy": accuracy, "sentence_accuracy": right / max(1, len(gold))}

    def units(self, examples: Sentences, predictions: Sequence[Tags], metric: str | None = None) -> np.ndarray:
        """Return right words and words of each sentence, or whether all are right and 1, (N, 2)."""
        counts = token_counts([list(example.tags) for example in examples], predictions)
        if self.metric == "accuracy":
            return counts
        return np.stack([counts[:, 0] == counts[:, 1], np.ones(len(counts))], axis=1).astype(np.int64)

    @property
    def _names(self) -> Sequence[str]:
        return self.columns.names or TWO_COLUMNS

    @property
    def _tag_column(self) -> PosColumn:
        """Return the column of CoNLL-U that holds the tags; `read_conllu` checks it."""
        return cast(PosColumn, self.columns.label)

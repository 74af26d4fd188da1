"""Sequence labeling: one tag a word, what all kinds of it share (Sec. 4.2)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import log_softmax

from charbert.batch import Processor
from charbert.config.data.sets import ColumnSettings, TaskSettings
from charbert.config.model.classical import BaselineKind, BaselineSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.lines import check_aligned
from charbert.errors import DataError
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import Head, TextInput
from charbert.tasks.tagging.aligner import TagAligner
from charbert.tasks.tagging.encoding import check_tags, encode_tagged, word_logits
from charbert.tasks.tagging.reader import SpansOutput, TagReader, TagsOutput
from charbert.tasks.task import Baseline, Task
from charbert.text.word_rule import WordRule

log = logging.getLogger(__name__)

_MEASURED = 2000
"""Training sentences on which the rule for words is measured."""

Tags = list[str]
Sentences = Sequence[TaggedSentence]

HEAD = Head(
    name="token_classification",
    architecture="TokenClassification",
    fields={"text": True},
    input=TextInput,
    output=SpansOutput,
    reader=TagReader,
    aligner=TagAligner,
    words_output=TagsOutput,
)


class TaggingTask(Task[TaggedSentence, Tags]):
    """One tag for each word; a subclass knows the files and the score.

    Args:
        columns: of the files; None: the defaults.
    """

    head = HEAD
    decision_path = "token/"
    labels_words = True
    outside = "O"
    """Tag of a word that the tokenizer turns into nothing."""

    def __init__(self, name: str, metric: str, columns: ColumnSettings | None = None) -> None:
        super().__init__(name, metric)
        self.columns = columns or ColumnSettings()
        self.label_names = self.columns.label_names

    @classmethod
    def from_settings(cls, settings: TaskSettings) -> TaggingTask:
        """Return the task with its columns."""
        return cls(settings.name, settings.metric, settings.columns)

    def learn_labels(self, examples: Sentences) -> None:
        """Take the tags of the training sentences in alphabetical order, ``O`` first."""
        tags = {tag for example in examples for tag in example.tags}
        self.labels = sorted(tags, key=lambda tag: (tag != "O", tag))

    def word_rule(self, examples: Sentences) -> dict[str, Any]:
        """Return how raw text is cut into words like those of the training sentences; logged with how well it does."""
        sentences = [example.words for example in examples]
        rule = WordRule.learn(sentences)
        share = 100 * rule.share_cut_alike(sentences[:_MEASURED])
        log.info("raw text is cut into words by unit=%s, which %.0f %% of the training sentences fit", rule.unit, share)
        if rule.unit == "spaces" and WordRule.is_unsegmented(map("".join, sentences)):
            log.warning(
                "the training file has words of several characters in a script without spaces, which are not found in "
                "raw text: give `charbert predict` words, or put a space between them"
            )
        return rule.to_dict()

    def check_labels(self, examples: Sentences, path: Path) -> None:
        """Raise DataError naming the first sentence with a tag that the training sentences lack.

        With ``columns.unseen_tags``, or if the training sentences have the type of entity, such tags become labels
        that the model does not learn, and are reported.
        """
        unseen = Counter(tag for example in examples for tag in example.tags if tag not in self.label_ids)
        listed = ", ".join(f"{tag} ({count})" for tag, count in unseen.most_common())
        if not unseen or not (self.columns.unseen_tags or all(map(self.has_type_of, unseen))):
            try:
                check_tags(examples, self.label_ids, str(path))
            except DataError as error:
                hint = "task.columns.unseen_tags=true allows them, and they are scored although no model can learn them"
                raise DataError(f"{error}; tags of this kind: {listed}; {hint}" if unseen else str(error)) from None
            return
        log.warning("%s: tags that the training set lacks, which no model can learn: %s", path, listed)
        self.file_reports.setdefault(path, {})["unseen_tags"] = dict(unseen)
        self.labels = [*self.labels, *sorted(unseen)]

    def has_type_of(self, tag: str) -> bool:
        """Return whether a tag that the training sentences lack is allowed, since they have its type."""
        return False

    def encode(self, examples: Sentences, processor: Processor, max_length: int) -> Encoded:
        """Return features with a label at each word's first subword; long sentences give several."""
        encoded = encode_tagged(examples, processor, self.label_ids, max_length)
        return Encoded(encoded.features, origin=encoded, report=asdict(encoded.report))

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[Tags]:
        """Return the most likely tag of every word."""
        return self.decide(word_logits(logits, encoded.origin, len(self.labels)))

    def stored_logits(
        self, logits: Sequence[np.ndarray], encoded: Encoded, predictions: Sequence[Tags]
    ) -> list[np.ndarray]:
        """Return the logits of each word, (words, K) for every sentence."""
        return word_logits(logits, encoded.origin, len(self.labels))

    def decide(self, scores: Sequence[np.ndarray]) -> list[Tags]:
        """Return the tag with the highest score of every word; a word without scores gets the outside tag."""
        return [
            [self.outside if np.isnan(row).any() else self.labels[int(row.argmax())] for row in sentence]
            for sentence in scores
        ]

    def fit_baseline(self, examples: Sentences, settings: BaselineSettings, seed: int) -> Baseline:
        """Return the most frequent tag of each word, or a logistic regression on n-grams."""
        # needs scikit-learn, which takes a second to import and is not needed to predict raw text
        from charbert.tasks.tagging.baseline import MajorityTag, TfidfTag

        if settings.kind is BaselineKind.majority:
            return self.label_baseline(MajorityTag(examples, self.labels).scores)
        return self.label_baseline(TfidfTag(examples, self.labels, settings, seed).scores)

    def example_scores(
        self, examples: Sentences, predictions: Sequence[Tags], logits: Sequence[np.ndarray] | None
    ) -> np.ndarray:
        """Return the score of each sentence's tags, and the log probability of the right ones, (N, 2).

        The score is what the metric has of the sentence alone, as entity F1 or the share of right tags; 1 where nothing
        counts, as in a sentence without entities that none is found in.
        """
        counts = self.units(examples, predictions)
        f1 = counts.shape[1] == 3
        right, whole = counts[:, 0] * (2 if f1 else 1), counts @ ([2, 1, 1] if f1 else [0, 1])
        assert logits is not None  # all that tag have them
        ids = self.label_ids
        confidences = [
            np.nansum(log_softmax(rows, axis=-1)[np.arange(len(rows)), [ids[tag] for tag in example.tags]])
            for example, rows in zip(examples, logits, strict=True)
        ]
        return np.stack([np.where(whole > 0, right / np.maximum(whole, 1), 1.0), confidences], axis=1)

    def check_aligned(self, clean: Sentences, attacked: Sentences, path: Path) -> None:
        """Raise DataError naming the first sentence whose length or tags differ."""
        same: dict[str, Callable[[TaggedSentence], Any]] = {
            "number of words": lambda sentence: len(sentence.words),
            "tags": attrgetter("tags"),
        }
        check_aligned(clean, attacked, path, "sentence", same)

    def describe(self, example: TaggedSentence, prediction: Tags) -> Mapping[str, Any]:
        """Return words, gold and predicted tags."""
        return {"words": list(example.words), "gold": list(example.tags), "predicted": list(prediction)}

    def decisions(self, examples: Sentences, predictions: Sequence[Tags]) -> tuple[list[str], list[str]]:
        """Return gold and predicted tag of every word."""
        gold = [tag for example in examples for tag in example.tags]
        return gold, [tag for tags in predictions for tag in tags]

    def mistakes(self, examples: Sentences, predictions: Sequence[Tags], originals: Sentences) -> list[dict[str, Any]]:
        """Return every word with a wrong tag, those of the most common confusion first.

        ``word`` is the clean word, ``form`` the attacked one.
        """
        wrong = [
            {
                "sentence": number,
                "position": position,
                "word": original.words[position],
                "form": example.words[position],
                "gold": example.tags[position],
                "predicted": tag,
            }
            for number, (example, tags, original) in enumerate(zip(examples, predictions, originals, strict=True))
            for position, tag in enumerate(tags)
            if tag != example.tags[position]
        ]
        counts = Counter((row["gold"], row["predicted"]) for row in wrong)
        ranked = sorted(wrong, key=lambda row: (-counts[row["gold"], row["predicted"]], row["gold"], row["predicted"]))
        return [{**row, "times_confused": counts[row["gold"], row["predicted"]]} for row in ranked]

    def groups(self, examples: Sentences, articles: object = None) -> list[int]:
        """Return the document of each sentence; if all are in one (no document marks), its own number."""
        documents = [example.document for example in examples]
        return documents if len(set(documents)) > 1 else list(range(len(documents)))

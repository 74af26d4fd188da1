"""Sequence labeling: one tag a word, scored as entities or as tokens (Sec. 4.2)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.special import log_softmax

from charbert.batch import Processor
from charbert.config.data.sets import ColumnSettings, TaskSettings
from charbert.config.model.classical import BaselineKind, BaselineSettings
from charbert.data.readers.columns import write_columns
from charbert.data.readers.conll import TaggedSentence, check_aligned, read_conll, with_iob2, write_conll
from charbert.data.readers.conllu import CONLLU_SUFFIX, PosColumn, read_conllu, write_conllu
from charbert.data.readers.layouts import TWO_COLUMNS
from charbert.data.readers.tables import RECORD_SUFFIXES
from charbert.errors import DataError
from charbert.metrics.tagging import TypeScores, entity_counts, entity_scores, token_accuracy, type_averages
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import Head, TextInput
from charbert.tasks.tagging.adapter import TaggedAdapter
from charbert.tasks.tagging.aligner import TagAligner
from charbert.tasks.tagging.encoding import check_tags, encode_tagged, word_logits
from charbert.tasks.tagging.hub import hub_sentences, record_sentences
from charbert.tasks.tagging.reader import SpansOutput, TagReader, TagsOutput
from charbert.tasks.task import Baseline, ExampleErrors, Task
from charbert.text.word_rule import WordRule

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows

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
        name: the task's name in settings and records.
        metric: the score that selects checkpoints.
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
            return self.label_baseline(MajorityTag(examples, self.labels))
        return self.label_baseline(TfidfTag(examples, self.labels, settings, seed))

    def example_scores(
        self, examples: Sentences, predictions: Sequence[Tags], logits: Sequence[np.ndarray] | None
    ) -> np.ndarray:
        """Return the score of each sentence's tags, and the log probability of the right ones, (N, 2).

        The score is entity F1, 1 for a sentence without entities that none is found in, or the share of right tags.
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
        check_aligned(clean, attacked, path)

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
        if len(set(documents)) > 1:
            return documents
        log.info("%s: the file marks no documents, so each sentence is a group of its own", self.name)
        return list(range(len(documents)))


class NamedEntityTask(TaggingTask):
    """Named entities in CoNLL columns; strict entity precision, recall and F1 over IOB2."""

    suffix = ".conll"
    adapter = TaggedAdapter(entities=True)

    def has_type_of(self, tag: str) -> bool:
        """Return whether the tag continues an entity of a type that the training sentences have."""
        return tag.startswith("I-") and f"B-{tag[2:]}" in self.labels

    def read(self, path: Path, *, attacked: bool = False, errors: ExampleErrors = None) -> list[TaggedSentence]:
        """Return the sentences of a file with their tags in IOB2; the authors' attacked file escapes its quotes."""
        strict = self.columns.strict_tags
        if path.suffix in RECORD_SUFFIXES:
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
            write_columns(path, examples, self.columns.names, documents=True)
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
        """Return true positives, false positives and false negatives of each sentence, (N, 3)."""
        return entity_counts([list(example.tags) for example in examples], predictions)


class PartOfSpeechTask(TaggingTask):
    """Parts of speech, scored by the share of words with the right one.

    Paper: Table 3, WSJ in two columns (word, tag). Universal Dependencies are read from ``.conllu`` files.

    Args:
        name: the task's name in settings and records.
        metric: accuracy.
        columns: ``names`` of the columns of a file that is not CoNLL-U, empty for word and tag; ``label`` the
            column of the tags in CoNLL-U, upos or xpos.
    """

    suffix = ".pos"
    adapter = TaggedAdapter(entities=False)

    def read(self, path: Path, *, attacked: bool = False, errors: ExampleErrors = None) -> list[TaggedSentence]:
        """Return the sentences of a file; attacked files have the layout of clean ones."""
        if path.suffix == CONLLU_SUFFIX:
            return read_conllu(path, self._tag_column, errors=errors)
        if path.suffix in RECORD_SUFFIXES:
            return record_sentences(path, self.columns, entities=False, errors=errors)
        return read_conll(path, columns=self._names, scheme="plain", errors=errors)

    def write(self, path: Path, examples: Sentences) -> None:
        """Write sentences as CoNLL-U or in columns, as the suffix of the path says."""
        if path.suffix == CONLLU_SUFFIX:
            write_conllu(path, examples, self._tag_column)
        else:
            write_columns(path, examples, self._names)

    def write_hub(self, path: Path, rows: HubRows) -> None:
        """Write the sentences of a split in columns."""
        write_columns(path, hub_sentences(rows, self.columns, entities=False), self._names)

    def learn_labels(self, examples: Sentences) -> None:
        """Take the tag set from the training sentences, and the tag of words that the model cannot see."""
        super().learn_labels(examples)
        self.outside = Counter(tag for example in examples for tag in example.tags).most_common(1)[0][0]

    def score(self, examples: Sentences, predictions: Sequence[Tags]) -> dict[str, float]:
        """Return accuracy over words, and the share of sentences without an error."""
        gold = [list(example.tags) for example in examples]
        right = sum(tags == list(predicted_tags) for tags, predicted_tags in zip(gold, predictions, strict=True))
        accuracy = token_accuracy(gold, predictions)
        return {"accuracy": accuracy, "sentence_accuracy": right / max(1, len(gold))}

    def units(self, examples: Sentences, predictions: Sequence[Tags], metric: str | None = None) -> np.ndarray:
        """Return right words and words of each sentence, (N, 2)."""
        counts = [
            (sum(tag == other for tag, other in zip(example.tags, tags, strict=True)), len(example.tags))
            for example, tags in zip(examples, predictions, strict=True)
        ]
        return np.array(counts, dtype=np.int64).reshape(-1, 2)

    @property
    def _names(self) -> Sequence[str]:
        return self.columns.names or TWO_COLUMNS

    @property
    def _tag_column(self) -> PosColumn:
        """Return the column of CoNLL-U that holds the tags; `read_conllu` checks it."""
        return cast(PosColumn, self.columns.label)

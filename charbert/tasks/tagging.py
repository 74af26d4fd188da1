"""Sequence labelling: one tag a word, scored as entities or as tokens (Sec. 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from charbert.batch import Processor
from charbert.data.encoding.tags import decode_tags, encode_tagged, tag_label_ids
from charbert.data.readers.conll import TaggedSentence, check_aligned, read_conll
from charbert.metrics.tagging import entity_counts, entity_scores, token_accuracy
from charbert.noise.attack import attack_sentences
from charbert.noise.edits import EditRecord, NoiseModel
from charbert.tasks.task import Encoded, Task

Tags = list[str]


class NamedEntityTask(Task[TaggedSentence, Tags]):
    """Named entities in CoNLL columns; strict entity precision, recall and F1 over IOB2."""

    head = "token_classification"

    def read(self, path: Path, *, attacked: bool = False) -> list[TaggedSentence]:
        """Return the sentences of a CoNLL file; the authors' attacked file escapes its quotation marks."""
        return read_conll(path, unescape_quotes=attacked)

    def learn_labels(self, examples: Sequence[TaggedSentence]) -> None:
        """Take the tag set from the training sentences."""
        self.labels = list(tag_label_ids(examples))

    @property
    def label_ids(self) -> dict[str, int]:
        """Return the id of each tag."""
        return {tag: position for position, tag in enumerate(self.labels)}

    def encode(self, examples: Sequence[TaggedSentence], processor: Processor, max_length: int) -> Encoded:
        """Return features with a label at each word's first subword; long sentences give several."""
        encoded = encode_tagged(examples, processor, self.label_ids, max_length)
        return Encoded(encoded.features, origin=encoded, report=asdict(encoded.report))

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[Tags]:
        """Return the most likely tag of every word."""
        return decode_tags([row.argmax(-1) for row in logits], encoded.origin, self.label_ids)

    def score(self, examples: Sequence[TaggedSentence], predictions: Sequence[Tags]) -> dict[str, float]:
        """Return entity f1, precision and recall, overall and per type, and token accuracy."""
        gold = [list(example.tags) for example in examples]
        scores = entity_scores(gold, predictions)
        metrics = {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall}
        metrics |= {f"{name}/f1": part.f1 for name, part in scores.per_type.items()}
        return metrics | {"token_accuracy": token_accuracy(gold, predictions)}

    def units(self, examples: Sequence[TaggedSentence], predictions: Sequence[Tags]) -> np.ndarray:
        """Return true positives, false positives and false negatives of each sentence, (N, 3)."""
        return entity_counts([list(example.tags) for example in examples], predictions)

    def attack(
        self, examples: Sequence[TaggedSentence], noise: NoiseModel, seed: int
    ) -> tuple[list[TaggedSentence], list[list[EditRecord]]]:
        """Return the sentences with noised words; every tag stays with its word."""
        corruptions = attack_sentences([example.words for example in examples], noise, seed)
        attacked = [
            replace(example, words=tuple(corruption.words))
            for example, corruption in zip(examples, corruptions, strict=True)
        ]
        return attacked, [corruption.edits for corruption in corruptions]

    def check_aligned(
        self, clean: Sequence[TaggedSentence], attacked: Sequence[TaggedSentence], path: Path
    ) -> None:
        """Raise DataError naming the first sentence whose length or tags differ."""
        check_aligned(clean, attacked)

    def describe(self, example: TaggedSentence, prediction: Tags) -> Mapping[str, Any]:
        """Return words, gold and predicted tags."""
        return {"words": list(example.words), "gold": list(example.tags), "predicted": list(prediction)}

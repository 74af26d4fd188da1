"""Entity scores of words that the tokenizer splits into several subwords, and of words that stay whole (Fig. 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charbert.batch import Processor
from charbert.metrics.tagging import TypeScores, paired_entities, scores_of_counts

OUTSIDE = "O"


@dataclass(frozen=True)
class SplitScores:
    """Scores of entities with and without split words, and the frequency of split words."""

    all_words: TypeScores
    split: TypeScores
    """Entities with at least one split word."""
    unsplit: TypeScores
    """Entities of whole words only."""
    split_words: float
    """Share of all words that are split, in [0, 1]."""
    split_entity_words: float
    """Share of the words inside gold entities that are split, in [0, 1]."""
    split_entities: float
    """Share of the gold entities with at least one split word, in [0, 1]."""


def find_split_words(sentences: Sequence[Sequence[str]], processor: Processor) -> list[list[bool]]:
    """Return for each word of each sentence whether it has several subwords.

    Args:
        processor: the trunk's tokenizer, or the processor around it.
    """
    encoding: Any = processor([list(words) for words in sentences], is_split_into_words=True)
    flags = []
    for row, words in enumerate(sentences):
        counts = [0] * len(words)
        for word in encoding.word_ids(row):
            if word is not None:
                counts[word] += 1
        flags.append([count > 1 for count in counts])
    return flags


def score_by_split(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], split: Sequence[Sequence[bool]]
) -> SplitScores:
    """Return entity scores for split and for whole words.

    Paper: Sec. 5.1, Fig. 4. An entity, gold or predicted, counts as split if any of its own words is. So each belongs
        to exactly one class, a correct one to the same class on both sides, and the counts of the classes add up to
        those of the whole set.
    Departure: the paper does not say how an entity of several words is assigned. Its 17.8 % of words and 45.3 % of
        entities are met on the CoNLL-2003 test set by the share of all words and of the words inside entities
        (``split_entity_words``) that BERT's cased vocabulary splits; of the entities, 53.6 % have a split word.

    Args:
        gold: IOB2 tags of each sentence.
        predicted: as many.
        split: whether each word is split, see `find_split_words`.

    Raises:
        DataError: if sentences or words differ in number, or a tag is not IOB2.
    """
    sides = paired_entities(gold, predicted)
    classes = {flag: np.zeros(3, dtype=np.int64) for flag in (True, False)}  # gold, predicted, correct
    for of_gold, of_predicted in zip(*sides, strict=True):
        for column, entities in enumerate((of_gold, of_predicted, of_gold & of_predicted)):
            for entity in entities:
                is_split = any(split[entity.sentence][entity.first : entity.end])
                classes[is_split][column] += 1
    words = np.array([flag for row in split for flag in row], dtype=bool)
    inside = np.array([tag != OUTSIDE for row in gold for tag in row], dtype=bool)
    return SplitScores(
        all_words=scores_of_counts(classes[True] + classes[False]),
        split=scores_of_counts(classes[True]),
        unsplit=scores_of_counts(classes[False]),
        split_words=_share(words),
        split_entity_words=_share(words[inside]),
        split_entities=int(classes[True][0]) / max(1, int(classes[True][0] + classes[False][0])),
    )


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if flags.size else 0.0

"""Changed copies of training examples: typos, synonyms, deleted words, swapped neighbors; labels stay with words."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from charbert.config.data.preparation import AugmentationSettings
from charbert.data.readers.lines import read_lines
from charbert.errors import DataError, SettingsError
from charbert.noise.attack import Attack
from charbert.noise.edits import NoiseModel
from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.rewriting import Rewritten, Words
from charbert.preparation.steps import Outcome, Row, Step
from charbert.seeding import numpy_generator
from charbert.text.codepoints import has_dotless_i, looked_up, upper_case

Synonyms = Mapping[str, Sequence[str]]
Operation = Callable[[Words, int, np.random.Generator], Rewritten]
"""Words, how many of them to change, and a generator, to the changed words."""

_COMMENT = "#"


class Augment(Step):
    """Add changed copies of a share of the examples, each after its example.

    Each copy draws from a generator of its own, so it depends on no other example.

    Args:
        settings: how many, and what is changed.
        synonyms: of each word, in lower case; None: that operation is left out.

    Raises:
        SettingsError: if no operation is left.
    """

    name = "augmentation"
    training_only = True

    def __init__(self, settings: AugmentationSettings, seed: int, synonyms: Synonyms | None = None) -> None:
        self.settings = settings
        self.seed = seed
        noise = Attack(edits=tuple(settings.edits), min_word_length=settings.min_word_length)
        known: dict[str, Operation] = {"noise": noise_words(noise), "deletion": delete_words, "swap": swap_words}
        if synonyms is not None:
            known["synonyms"] = replace_synonyms(synonyms)
        self.operations = {name: known[name] for name in settings.operations if name in known}
        if not self.operations:
            raise SettingsError(
                "preparation.augmentation.operations lists synonyms alone, which need a file: set "
                "preparation.augmentation.synonyms=FILE"
            )

    def apply(self, rows: Sequence[Row], adapter: ExampleAdapter[Any]) -> Outcome:
        """Add the copies."""
        order = numpy_generator(self.seed, "augmentation").permutation(len(rows))
        chosen = set(order[: round(self.settings.share * len(rows))].tolist())
        fresh = adapter.fresh_names([row.example for row in rows])
        outcome = Outcome([])
        made: Counter[str] = Counter()
        for number, row in enumerate(rows):
            outcome.rows.append(row)
            for copy in range(self.settings.copies if number in chosen else 0):
                generator = numpy_generator(self.seed, "augmentation", number, copy)
                operation, example = self._copy(row.example, adapter, generator)
                if example is None:
                    made["unchanged, left out"] += 1
                    continue
                made[operation] += 1
                outcome.rows.append(Row(fresh(example, "a"), row.index, row.place, self.name))
        outcome.notes = {"copies": dict(sorted(made.items())), "operations": list(self.operations)}
        return outcome

    def _copy(self, example: Any, adapter: ExampleAdapter[Any], generator: np.random.Generator) -> tuple[str, Any]:
        """Return the operation and the changed copy, None where nothing changed."""
        operation = list(self.operations)[generator.integers(len(self.operations))]
        rewritten = []
        for words in adapter.words(example, contexts=self.settings.contexts):
            number = max(1, round(self.settings.word_share * len(words.words)))
            rewritten.append(self.operations[operation](words, number, generator))
        copy = adapter.rewrite(example, rewritten)
        return operation, None if copy is None or adapter.texts(copy) == adapter.texts(example) else copy


def noise_words(noise: NoiseModel) -> Operation:
    """Return the operation that gives words one edit of the noise model each."""

    def operation(words: Words, number: int, generator: np.random.Generator) -> Rewritten:
        noised = noise.corrupt(words.words, generator)
        open_ = [edit for edit in noised.edits if words.changeable[edit.word_index]]
        new = list(words.words)
        for at in generator.permutation(len(open_))[:number]:
            new[open_[at].word_index] = open_[at].after
        return Rewritten(tuple(new), tuple(range(len(new))))

    return operation


def replace_synonyms(synonyms: Synonyms) -> Operation:
    """Return the operation that replaces words by synonyms, in the case of the word."""
    dotless = _are_dotless(synonyms)

    def operation(words: Words, number: int, generator: np.random.Generator) -> Rewritten:
        new = list(words.words)
        known = [synonyms.get(looked_up(word, dotless=dotless), ()) for word in new]
        open_ = [at for at, choices in enumerate(known) if words.changeable[at] and choices]
        for place in generator.permutation(len(open_))[:number]:
            at = open_[place]
            synonym = known[at][int(generator.integers(len(known[at])))]
            new[at] = _in_case_of(new[at], synonym, dotless=dotless)
        return Rewritten(tuple(new), tuple(range(len(new))))

    return operation


def delete_words(words: Words, number: int, generator: np.random.Generator) -> Rewritten:
    """Delete words; at least one that may be deleted stays."""
    new = list(words.words)
    open_ = [at for at in range(len(new)) if words.movable[at]]
    for place in generator.permutation(len(open_))[: min(number, len(open_) - 1)]:
        new[open_[place]] = ""
    return Rewritten(tuple(new), tuple(range(len(new))))


def swap_words(words: Words, number: int, generator: np.random.Generator) -> Rewritten:
    """Swap neighbors; no word is swapped twice."""
    order = list(range(len(words.words)))
    pairs = [at for at in order[:-1] if words.movable[at] and words.movable[at + 1]]
    chosen: list[int] = []
    for place in generator.permutation(len(pairs)):
        at = pairs[place]
        if len(chosen) < number and not {at - 1, at, at + 1} & set(chosen):
            chosen.append(at)
            order[at], order[at + 1] = order[at + 1], order[at]
    return Rewritten(tuple(words.words[at] for at in order), tuple(order))


def read_synonyms(path: Path | str) -> dict[str, list[str]]:
    """Return the synonyms of each word, in lower case, from a user's file.

    A line holds a word, a tab, and its synonyms with commas between them; empty lines and lines that begin with
    ``#`` are skipped. A word's lines add up. Synonyms are single words: in tagged sentences each word has one tag.

    Raises:
        DataError: naming a line of another form.
    """
    path = Path(path)
    rows: list[tuple[str, list[str]]] = []
    for number, line in enumerate(read_lines(path, "a file of synonyms"), start=1):
        if not line.strip() or line.startswith(_COMMENT):
            continue
        word, tab, rest = line.partition("\t")
        synonyms = [synonym.strip() for synonym in rest.split(",")]
        if not tab or not word.strip() or not all(synonyms) or re.search("[ \\t]", "".join(synonyms)):
            expected = "a word, a tab, and synonyms of one word each with commas between them"
            raise DataError.at(path, number, expected=expected, found=repr(line[:60]))
        rows.append((word.strip(), synonyms))
    if not rows:
        raise DataError.at(path, None, expected="at least one word with synonyms", found="none")
    dotless, synonyms_of = _are_dotless(dict(rows)), dict[str, list[str]]()
    for word, synonyms in rows:
        known = synonyms_of.setdefault(looked_up(word, dotless=dotless), [])
        known += [synonym for synonym in synonyms if synonym not in known]
    return synonyms_of


def _are_dotless(synonyms: Synonyms) -> bool:
    return has_dotless_i(dict.fromkeys(chain(synonyms, *synonyms.values()), 1))


def _in_case_of(word: str, synonym: str, *, dotless: bool) -> str:
    if word.isupper() and len(word) > 1:
        return upper_case(synonym, dotless=dotless)
    return upper_case(synonym[:1], dotless=dotless) + synonym[1:] if word[:1].isupper() else synonym

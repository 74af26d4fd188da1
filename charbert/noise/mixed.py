"""Noise of pretraining with more kinds of changes than the test-time attack has."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from charbert.config.checks import check_range
from charbert.config.data.noise import TRAINING_EDITS
from charbert.errors import SettingsError
from charbert.noise.edits import (
    Change,
    Corruption,
    Edit,
    EditRecord,
    apply_edit,
    changed_word,
    corruption_of,
    in_drawn_order,
    pick,
)
from charbert.noise.nlm import NlmNoise, chosen_words
from charbert.noise.ocr import own_confusions
from charbert.noise.scripts import TextScript
from charbert.text.codepoints import lower_case

CONFUSIONS: tuple[tuple[str, str], ...] = tuple((read, seen) for read, seen, _ in own_confusions())
"""Letters and what scanned text has in their place."""

_Draws = list[float]


@dataclass(frozen=True)
class MixedNoise:
    """Noises a share of the words of most texts: one edit, two edits, or another change; each noised word differs.

    One edit is as in `NlmNoise`. The second of two edits may change the last character too. The other changes, one of
    those possible drawn uniformly: another case of the whole word or its first letter, a split by a space, a confusion
    of similar letters (`CONFUSIONS`).

    Held out for evaluation: no edit, split or confusion changes the first character, and none touches words shorter
    than ``min_word_length``. Two words are never merged, since a text keeps its number of words under noise.

    Raises:
        SettingsError: if a setting is out of its range.
    """

    probability: float = 0.40
    """Expected share of noised words in a text that is not left clean, as in `NlmNoise`, in [0, 1]."""
    edits: tuple[Edit, ...] = TRAINING_EDITS
    min_word_length: int = 4
    """In characters, at least 3; shorter words are unchanged."""
    clean_share: float = 0.2
    """Share of the texts without noise, in [0, 1]."""
    two_edits: float = 0.15
    """Share of the noised words with two edits, in [0, 1]."""
    other_changes: float = 0.10
    """Share of the noised words with another change, in [0, 1]; where none is possible the word gets one edit."""

    def __post_init__(self) -> None:
        check_range("noise", self, "[0, 1]", "probability", "clean_share", "two_edits", "other_changes")
        if self.two_edits + self.other_changes > 1:
            raise SettingsError("noise.two_edits + noise.other_changes must be at most 1")
        self._single  # noqa: B018 (checks the edits)

    @cached_property
    def _single(self) -> NlmNoise:
        return NlmNoise(1.0, self.edits, self.min_word_length)

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the text with a share of its words noised; one draw, and eight per word, whatever the words are."""
        is_clean = rng.random() < self.clean_share
        draws = rng.random((len(words), 8))
        if is_clean:
            return Corruption(list(words), [])
        chosen = chosen_words(words, draws[:, 0], self.probability, self.min_word_length)
        script = TextScript.of(words)
        rows = zip(chosen, draws[chosen, 1:].tolist(), strict=True)
        return corruption_of(words, [self._change(index, words[index], row, script) for index, row in rows])

    def _change(self, index: int, word: str, draws: _Draws, script: TextScript) -> EditRecord | None:
        group, kind, place, letter, kind2, place2, letter2 = draws
        if group < self.other_changes and (other := _other_change(index, word, kind, place)):
            return other
        record = self._single.edit(index, word, kind, place, letter, script)
        if record is None or not self.other_changes <= group < self.other_changes + self.two_edits:
            return record
        open_end = f"{record.after}\0"  # so that the last character is an inner one
        second = self._single.edit(index, open_end, kind2, place2, letter2, script)
        if second is None or (after := second.after[:-1]) == word:
            return record
        return changed_word(index, Change.two_edits, word, after)


def _other_change(index: int, word: str, kind: float, place: float) -> EditRecord | None:
    """Return a change of case, a split or a confusion of letters; None if none changes the word."""
    changes = in_drawn_order((_changed_case, _split, _confused), kind)
    return next(filter(None, (change(index, word, place) for change in changes)), None)


def _changed_case(index: int, word: str, place: float) -> EditRecord | None:
    capitalized = word[:1].upper() + lower_case(word[1:])
    forms = [form for form in dict.fromkeys((lower_case(word), word.upper(), capitalized)) if form != word]
    if not forms:
        return None
    after = forms[pick(place, len(forms))]
    return changed_word(index, Change.case, word, after)


def _split(index: int, word: str, place: float) -> EditRecord | None:
    position = 1 + pick(place, len(word) - 1)
    return EditRecord(index, Edit.add, position, word, apply_edit(Edit.add, word, position, " "))


def _confused(index: int, word: str, place: float) -> EditRecord | None:
    found = [
        (position, read, seen)
        for position in range(1, len(word))
        for read, seen in CONFUSIONS
        if word.startswith(read, position)
    ]
    if not found:
        return None
    position, read, seen = found[pick(place, len(found))]
    return EditRecord(index, Change.confusion, position, word, word[:position] + seen + word[position + len(read) :])

"""Settings of noise: one-character edits in pretraining text (Sec. 3.5) and in attacked test sets (Sec. 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_name, check_range
from charbert.config.identity import omit_default
from charbert.errors import SettingsError


class Edit(Enum):
    """What happens to one character of a word."""

    drop = "drop"
    """It is left out."""
    add = "add"
    """A letter is inserted before it."""
    swap = "swap"
    """It is exchanged with the next one."""
    keyboard = "keyboard"
    """It is replaced by a letter that replaces it in the authors' attacked CoNLL-2003 test set: for attacks."""
    adjacent_key = "adjacent_key"
    """It is replaced by the letter of a key that touches its own: for training, and for attacks on other keyboards."""


KEY_EDITS = (Edit.keyboard, Edit.adjacent_key)
"""Edits that put the letter of a nearby key in the place of another."""
ATTACK_EDITS = (Edit.drop, Edit.add, Edit.swap, Edit.keyboard)
"""The edits of the authors' attack. Paper: Sec. 4.5."""
TRAINING_EDITS = (Edit.drop, Edit.add, Edit.swap, Edit.adjacent_key)
"""The same kinds of edits without anything counted on a test set."""


class NlmRules(Enum):
    """Rules by which pretraining text is noised."""

    paper = "paper"
    released = "released"
    mixed = "mixed"


class Letters(Enum):
    """Letters that an attack inserts."""

    both = "both"
    lower = "lower"


class Place(Enum):
    """Which characters of a word an attack edits."""

    inner = "inner"
    first = "first"
    any = "any"


class Layout(Enum):
    """Keys of a keyboard for Latin letters."""

    qwerty = "qwerty"
    """English."""
    qwertz = "qwertz"
    """German."""
    azerty = "azerty"
    """French."""
    turkish_q = "turkish_q"
    """Turkish Q."""


class NoiseFamily(Enum):
    """Kind of noise in a test set."""

    charbert = "charbert"
    """One-character edits, as in the paper's attack."""
    case = "case"
    """Letters change between upper and lower case."""


class CaseForm(Enum):
    """Case that the letters of a word get."""

    upper = "upper"
    lower = "lower"
    title = "title"
    """The first in upper case, the others in lower case."""
    alternating = "alternating"
    """Lower, upper, lower and so on."""


@dataclass
class NoiseSettings:
    """Noise in the pretraining text. Paper: Sec. 3.5."""

    rules: NlmRules = NlmRules.paper
    """paper: drop, add or swap inner characters of any word; released: the rules of the authors' script; mixed: of a
    noised word one edit, two edits, or a change of case, a split or a confusion of letters, as in scanned text."""
    probability: float = 0.15
    """Share of words noised for NLM, in [0, 1]. Paper: 15 % (Sec. 4.1). Released code: 10 %."""
    edits: list[Edit] = field(default_factory=lambda: [Edit.drop, Edit.add, Edit.swap])
    """One is drawn uniformly for each noised word."""
    min_word_length: int = 4
    """Shorter words stay as they are, in characters; at least 3."""
    mlm_probability: float = 0.10
    """Share of subwords predicted by MLM, in [0, 1]: whole words, never noised ones. Paper: 10 % (Sec. 4.1)."""
    clean_share: float = omit_default(0.0)
    """mixed: share of the blocks of text without noise, in [0, 1]."""
    two_edits: float = omit_default(0.0)
    """mixed: share of the noised words with two edits, in [0, 1]."""
    other_changes: float = omit_default(0.0)
    """mixed: share of the noised words with another change than edits, in [0, 1]; at most 1 with ``two_edits``."""

    def __post_init__(self) -> None:
        shares = ("clean_share", "two_edits", "other_changes")
        check_range("noise", self, "[0, 1]", "probability", "mlm_probability", *shares)
        if self.two_edits + self.other_changes > 1:
            raise SettingsError(
                f"noise.two_edits + noise.other_changes must be at most 1, the noised words, got {self.two_edits} + "
                f"{self.other_changes}"
            )
        if self.rules is not NlmRules.mixed and (given := [name for name in shares if getattr(self, name)]):
            raise SettingsError(
                f"noise.{given[0]} is read by noise.rules=mixed alone, got noise.rules={self.rules.name}; leave it at 0"
            )
        check_edits("noise", self.edits, self.min_word_length)


@dataclass
class AttackSettings:
    """Noise in test words; labels and the number of words stay. The defaults are the paper's attack (Sec. 4.5), whose
    rule follows the authors' attacked sets."""

    name: str = "charbert"
    """Name of the attack in records and tables."""
    seed: int = 0
    """Seed of the attack; the same for all models, so that all read the same words."""
    family: NoiseFamily = omit_default(NoiseFamily.charbert)
    """charbert: one-character edits; case: another case."""
    probability: float = 1.0
    """Share of eligible words attacked, in [0, 1]."""
    edits: list[Edit] = field(default_factory=lambda: list(ATTACK_EDITS))
    """charbert: one is drawn, uniformly, for each attacked word."""
    min_word_length: int = 4
    """Shorter words stay as they are, in characters; at least 3, of other families than charbert at least 1."""
    letters: Letters = Letters.both
    """charbert: inserted letters: both (upper and lower case, as in the authors' NER set) or lower (as in their QNLI
    set)."""
    edits_per_word: int = omit_default(1)
    """charbert: edits of each attacked word, in [1, 100]. Paper: one."""
    place: Place = omit_default(Place.inner)
    """charbert: inner: all but the first and the last character, as in the paper; first: the first letter; any: all
    characters."""
    layout: Layout = omit_default(Layout.qwerty)
    """charbert: keyboard that the edit adjacent_key is made on, for a text in Latin letters."""
    case: CaseForm = omit_default(CaseForm.upper)
    """case: the case of attacked words."""

    def __post_init__(self) -> None:
        check_name("attack.name", self.name)
        check_range("attack", self, "[0, 1]", "probability")
        check_range("attack", self, "[1, 100]", "edits_per_word")
        if self.family is NoiseFamily.charbert:
            check_edits("attack", self.edits, self.min_word_length)
        check_range("attack", self, "[1, inf)", "min_word_length")
        for name, families in READ_BY.items():
            default = type(self).__dataclass_fields__[name].default
            if getattr(self, name) != default and self.family not in families:
                raise SettingsError(
                    f"attack.{name} is read by attack.family={' or '.join(family.name for family in families)} alone, "
                    f"got attack.family={self.family.name}; leave it at {getattr(default, 'name', default)}"
                )
        if self.layout is not Layout.qwerty and Edit.adjacent_key not in self.edits:
            raise SettingsError(
                f"attack.layout={self.layout.name} is read by the edit adjacent_key alone; set "
                "attack.edits=[adjacent_key] or leave it at qwerty"
            )


READ_BY = {
    "edits_per_word": (NoiseFamily.charbert,),
    "place": (NoiseFamily.charbert,),
    "layout": (NoiseFamily.charbert,),
    "case": (NoiseFamily.case,),
}
"""Settings of an attack that some families read, and those families."""


def check_edits(section: str, edits: Sequence[Edit], min_word_length: int) -> None:
    """Check the settings that all noise has: which edits, and of which words.

    Raises:
        SettingsError: if ``edits`` is empty, repeats or is no list of edits, or words of ``min_word_length`` have no
            inner character.
    """
    if not edits or any(not isinstance(edit, Edit) for edit in edits) or len(set(edits)) < len(edits):
        known = ", ".join(edit.name for edit in Edit)
        raise SettingsError(f"{section}.edits must list some of {known}, each once, got {edits!r}")
    if min_word_length < 3:
        raise SettingsError(f"{section}.min_word_length must leave an inner character (>= 3), got {min_word_length}")

"""Settings of noise: one-character edits in pretraining text (Sec. 3.5) and in attacked test sets (Sec. 4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path

from charbert.config.checks import check_range, check_set_name
from charbert.config.identity import omit_default, omit_default_section
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
    natural = "natural"
    ocr = "ocr"
    homoglyph = "homoglyph"
    leet = "leet"
    case = "case"


class LookAlike(Enum):
    """How characters are disguised."""

    letter = "letter"
    """Replaced by a letter of another alphabet that looks the same."""
    full_width = "full_width"
    """Replaced by its full-width form, of a letter, digit or sign of ASCII."""
    invisible = "invisible"
    """A character without width is put before it: zero-width space, joiner and non-joiner, soft hyphen."""
    mark = "mark"
    """A combining mark is put on it."""


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
    """charbert: one-character edits, as in the paper's attack; natural: misspellings that people made, from files; ocr:
    letters are read as similar ones, as in scanned text; homoglyph: characters are replaced by such that look alike, or
    joined by such that are not seen; leet: digits for letters; case: letters change between upper and lower case."""
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
    """charbert, homoglyph, leet: edits of each attacked word, in [1, 100]. Paper: one. Of a word with fewer characters
    that can be changed all of them are."""
    place: Place = omit_default(Place.inner)
    """charbert, homoglyph, leet: inner: all but the first and the last character, as in the paper; first: the first
    letter; any: all characters."""
    layout: Layout = omit_default(Layout.qwerty)
    """charbert: keyboard that the edit adjacent_key is made on, for a text in Latin letters. case: with turkish_q ``i``
    becomes ``İ`` in upper case, and ``I`` becomes ``ı`` in lower case."""
    misspellings: list[str] = omit_default_section(list)
    """natural: files, relative to ``paths.data``: lists of Birkbeck or Wikipedia, tab-separated columns, or the GitHub
    Typo Corpus, see `charbert.data.readers.misspellings`."""
    confusions: str = omit_default("")
    """ocr: a table of confusions, relative to ``paths.data``, see `charbert.noise.ocr`; empty: one of our own."""
    spacing: float = omit_default(0.0)
    """ocr: share of words that are split in two or joined with the next, in [0, 1]; half of them each. Words with
    labels, of tagged sentences, stay as they are."""
    look_alike: LookAlike = omit_default(LookAlike.letter)
    """homoglyph: how characters are disguised."""
    case: CaseForm = omit_default(CaseForm.upper)
    """case: the case of attacked words."""

    def files(self, folder: Path | str) -> list[Path]:
        """Return the files that the attack reads; relative names start at ``folder``."""
        return [Path(folder) / name for name in [*self.misspellings, self.confusions] if name]

    def __post_init__(self) -> None:
        check_set_name("attack.name", self.name)
        check_range("attack", self, "[0, 1]", "probability", "spacing")
        check_range("attack", self, "[1, 100]", "edits_per_word")
        if self.family is NoiseFamily.charbert:
            check_edits("attack", self.edits, self.min_word_length)
        check_range("attack", self, "[1, inf)", "min_word_length")
        defaults = {setting.name: setting.default for setting in fields(self)} | {"misspellings": []}
        for name, families in READ_BY.items():
            if getattr(self, name) != defaults[name] and self.family not in families:
                raise SettingsError(
                    f"attack.{name} is read by attack.family={' or '.join(family.name for family in families)} alone, "
                    f"got attack.family={self.family.name}; leave it at its default"
                )
        of_keys = self.family is NoiseFamily.charbert and self.layout is not Layout.qwerty
        if of_keys and Edit.adjacent_key not in self.edits:
            raise SettingsError(
                f"attack.layout={self.layout.name} is read by the edit adjacent_key alone; set "
                "attack.edits=[adjacent_key] or leave it at qwerty"
            )
        if self.family is NoiseFamily.natural and not all([self.misspellings, *self.misspellings]):
            raise SettingsError(
                f"attack.misspellings must name files of misspellings for attack.family=natural, got "
                f"{self.misspellings}; as attack.misspellings=[FILE], relative to paths.data"
            )


_OF_CHARACTERS = (NoiseFamily.charbert, NoiseFamily.homoglyph, NoiseFamily.leet)
READ_BY = {
    "edits_per_word": _OF_CHARACTERS,
    "place": _OF_CHARACTERS,
    "layout": (NoiseFamily.charbert, NoiseFamily.case),
    "misspellings": (NoiseFamily.natural,),
    "confusions": (NoiseFamily.ocr,),
    "spacing": (NoiseFamily.ocr,),
    "look_alike": (NoiseFamily.homoglyph,),
    "case": (NoiseFamily.case,),
}
"""Settings of an attack that some families alone read, and those families."""


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

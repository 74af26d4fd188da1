"""Settings of the spelling dictionary that corrects what a model reads."""

from dataclasses import dataclass, fields
from enum import Enum

from charbert.config.checks import check_range
from charbert.config.identity import omit_default
from charbert.errors import SettingsError


class Corrected(Enum):
    """What reads the corrected words."""

    both = "both"
    token = "token"


@dataclass
class DictionarySettings:
    """A dictionary that corrects the words that the model reads, without any training.

    Its words are the most frequent ones of the pretraining text, or those of ``words``, and all of the task's training
    examples. Forms become the most likely word at few edits (`charbert.text.repair.dictionary`).
    """

    enabled: bool = False
    """Whether a dictionary corrects the words that the model reads."""
    channel: Corrected = omit_default(Corrected.both)
    """Which channels read corrected words. both: examples are corrected before the model reads them, of question
    answering the questions only. token: the tokenizer corrects all that the token channel reads, and is saved so; the
    char channel reads the text as it is given."""
    words: str = omit_default("")
    """Folder of a saved model whose dictionary's words, counts and pairs are taken, as models/charbert-minilm-ner: no
    pretraining text is read then, nor size. Empty: those of the pretraining text."""
    size: int = 100_000
    """Number of words of the pretraining text, most frequent first. Without estimate_noise, a form among them is never
    corrected."""
    max_edits: int = 1
    """Most edits between a form and its word, 1 or 2. Words at two edits are looked for where none is at one edit, and
    only where the form or the word has six letters or more. Without estimate_noise, 2 spoils about twice as many clean
    words."""
    keep_ends: bool = True
    """Whether a correction keeps the first and the last character."""
    end_edit_odds: float = omit_default(1.0)
    """With keep_ends=false: how likely an edit of the first or last character is, compared with any other; in (0, 1].
    """
    second_edit_odds: float = omit_default(1.0)
    """How likely a second edit of a word is, compared with a first; in (0, 1]."""
    min_word_length: int = 4
    """Minimum length of a correction, in characters. Forms in capitals are never corrected to words of fewer than 4."""
    apostrophes: bool = omit_default(False)
    """Whether a word with an apostrophe between its letters may be a correction, as don't of dont."""
    gate: float | None = None
    """A form is only corrected where the natural logarithm of p(word) q(form | word) is at least this, e.g. -20. null:
    wherever there is a word. A higher gate spoils fewer rare names and corrects fewer typos."""
    keep_case: bool = True
    """Whether a correction takes over the case of the form; false: corrected text is lower-cased."""
    capitals_of_text: bool = omit_default(False)
    """With keep_case: where a typo hides the first letter's case, as in ondon, whether a word that mostly begins with a
    capital in the pretraining text, or in that of words, gets one. The case in the training examples comes first."""
    restore_case: bool = omit_default(False)
    """With keep_case: whether a text without any capital gets those that it would have: at its beginning, and of the
    words that mostly begin with one or that the dictionary does not hold, which are mostly names. For a model that
    reads case, such as CharBERT."""

    estimate_noise: bool = omit_default(False)
    """Whether each text's share of misspelt words is estimated from its words, and a form is corrected where a typo is
    more likely than the form itself (`charbert.text.repair.noisy_channel`): rare names of clean texts stay, and known
    words of noisy texts may be corrected. false: every form that the dictionary does not hold is corrected, and no
    other."""
    unseen_mass: float = omit_default(0.1)
    """With estimate_noise: the probability, in (0, 1), of a word that the dictionary does not hold. More of it corrects
    less."""
    noise_rate: float = omit_default(0.09)
    """With estimate_noise: the share of misspelt words that is expected before a text is read, in (0, 1)."""
    noise_rate_words: float = omit_default(1.1)
    """With estimate_noise: how many words of a text that expectation weighs, above 0."""
    pairs: int = omit_default(0)
    """With estimate_noise: number of pairs of adjacent words of the pretraining text that are kept, those first that
    tell most. With them the words beside a form help to choose between the form and its corrections. 0: each word is
    corrected by itself."""
    context_weight: float = omit_default(0.5)
    """With pairs: how much it counts that a word is likely behind the word before it, 0 or more."""

    def __post_init__(self) -> None:
        section = "model.dictionary"
        check_range(section, self, "[1, inf)", "size")
        check_range(section, self, "[2, inf)", "min_word_length")
        check_range(section, self, "(0, 1]", "end_edit_odds", "second_edit_odds")
        check_range(section, self, "(0, 1)", "unseen_mass", "noise_rate")
        check_range(section, self, "(0, inf)", "noise_rate_words")
        check_range(section, self, "[0, inf)", "pairs", "context_weight")
        defaults = {setting.name: setting.default for setting in fields(self)}
        for name, is_read, needed in (
            ("pairs", self.estimate_noise, "estimate_noise=true"),
            ("noise_rate", self.estimate_noise, "estimate_noise=true"),
            ("noise_rate_words", self.estimate_noise, "estimate_noise=true"),
            ("context_weight", self.pairs, "pairs above 0, as 300000"),
            ("end_edit_odds", not self.keep_ends, "keep_ends=false"),
            ("capitals_of_text", self.keep_case, "keep_case=true"),
            ("restore_case", self.keep_case, "keep_case=true"),
        ):  # unseen_mass and second_edit_odds may be set for all models of a recipe
            if not is_read and (value := getattr(self, name)) != defaults[name]:
                raise SettingsError(
                    f"{section}.{name}={value} needs {section}.{needed}; set it, or leave {name} at {defaults[name]}"
                )
        if self.max_edits not in (1, 2):
            raise SettingsError(f"{section}.max_edits must be 1 or 2, got {self.max_edits}")

"""Settings of the data: where sets lie, what is generated, how text is noised."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from omegaconf import MISSING

from charbert.errors import SettingsError


class TaskKind(Enum):
    """What a task asks for, and so which head it needs."""

    tagging = "tagging"
    classification = "classification"
    question_answering = "question_answering"


@dataclass
class SetFiles:
    """The files of one data set, relative to ``data.root``."""

    train: str = ""
    dev: str = ""
    test: str = ""
    """The set that is scored clean and attacked."""
    attacked: dict[str, str] = field(default_factory=dict)
    """Attacked copies of the test set made elsewhere, by name; ``released`` is the authors' own."""


@dataclass
class DataSettings:
    """Which data sets are read, and from where."""

    name: str = MISSING
    """newswire or benchmarks; shown in tables."""
    generated: bool = False
    """Whether the files are written by our own generator when missing; its scores stand beside no paper's."""
    root: str = "${paths.data}"
    """Folder that the files below are relative to."""
    sets: dict[str, SetFiles] = field(default_factory=dict)
    """Files of each task, by ``task.name``."""
    corpus: SetFiles = field(default_factory=SetFiles)
    """Plain text for pretraining, one paragraph a line: train and dev."""


@dataclass
class NewswireSettings:
    """How much newswire is generated, and from which seed."""

    seed: int = 1
    """Seed of the generator; the same seed gives the same bytes."""
    corpus_documents: int = 6000
    """Documents of the pretraining corpus."""
    corpus_dev_documents: int = 200
    """Documents held out to follow pretraining."""
    train_sentences: int = 3000
    """Labelled training sentences."""
    dev_sentences: int = 400
    """Labelled development sentences."""
    test_sentences: int = 800
    """Labelled test sentences; their entities do not occur in training."""


@dataclass
class CorpusSettings:
    """How much of the pretraining text is used."""

    max_words: int | None = None
    """Read only this many words of the training text; None: all."""
    dev_words: int | None = 20000
    """Read only this many words of the held-out text; None: all."""
    words_per_block: int = 80
    """Words per training block; blocks that need more than ``max_length`` subwords are cut."""


@dataclass
class TaskSettings:
    """What is learnt in fine-tuning."""

    name: str = MISSING
    """ner; names the data set in ``data.sets`` and the column of a table."""
    kind: TaskKind = TaskKind.tagging
    """Which head and which encoding."""
    metric: str = MISSING
    """The score that selects the best checkpoint and stands in the table."""


@dataclass
class NoiseSettings:
    """How pretraining text is noised. Paper: Sec. 3.5."""

    rules: str = "paper"
    """paper: drop, add, swap of inner characters of any word; released: the rules of the authors' script."""
    probability: float = 0.15
    """Share of words noised, in [0, 1]. Paper: 15 % (Sec. 4.1). Released code: 10 %."""
    edits: list[str] = field(default_factory=lambda: ["drop", "add", "swap"])
    """One is drawn, uniformly, for each noised word; keyboard is possible too."""
    min_word_length: int = 4
    """Shorter words stay as they are, in characters."""
    mlm_probability: float = 0.10
    """Share of subwords to predict by MLM, whole words, never noised ones. Paper: 10 % (Sec. 4.1)."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("probability", "mlm_probability"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"noise.{name} must be in [0, 1], got {getattr(self, name)}")
        if self.rules not in ("paper", "released"):
            raise SettingsError(f"noise.rules must be paper or released, got {self.rules}")
        _check_edits("noise.edits", self.edits)


@dataclass
class AttackSettings:
    """How test words are corrupted. Paper: Sec. 4.5; the rule was measured on the authors' attacked sets."""

    name: str = "charbert"
    """Names the attack in records and tables."""
    seed: int = 0
    """Seed of the attack; the same for all models, so that they face the same words."""
    probability: float = 1.0
    """Share of eligible words attacked, in [0, 1]."""
    edits: list[str] = field(default_factory=lambda: ["drop", "add", "swap", "keyboard"])
    """One is drawn, uniformly, for each attacked word."""
    min_word_length: int = 4
    """Shorter words stay as they are, in characters."""
    letters: str = "both"
    """Inserted letters: both cases (the authors' NER set) or lower (their QNLI set)."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if not 0 <= self.probability <= 1:
            raise SettingsError(f"attack.probability must be in [0, 1], got {self.probability}")
        if self.min_word_length < 3:
            raise SettingsError(
                f"attack.min_word_length must leave an inner character (>= 3), got {self.min_word_length}"
            )
        if self.letters not in ("both", "lower"):
            raise SettingsError(f"attack.letters must be both or lower, got {self.letters}")
        _check_edits("attack.edits", self.edits)


def _check_edits(setting: str, edits: list[str]) -> None:
    known = ("drop", "add", "swap", "keyboard")
    unknown = [edit for edit in edits if edit not in known]
    if unknown or not edits:
        raise SettingsError(f"{setting} must list some of {', '.join(known)}, got {edits}")

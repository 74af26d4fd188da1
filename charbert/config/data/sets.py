"""Settings of the data: where sets lie, what is generated, how text is noised."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from omegaconf import MISSING

from charbert.config.identity import omit_default, omit_default_section
from charbert.errors import SettingsError
from charbert.files import is_plain_name


class TaskKind(Enum):
    """What a task asks for, and so which head it needs."""

    tagging = "tagging"
    pos_tagging = "pos_tagging"
    classification = "classification"
    question_answering = "question_answering"


@dataclass
class FoldSettings:
    """Cross-validation of a ``test`` file, for a data set whose training file is not at hand."""

    number: int = 0
    """Parts the file is cut into: each is the test set once, the next one the dev set; 0: no cutting."""
    fold: int = 0
    """Which part is the test set, from 0; a run goes through all of them and sets this itself."""
    seed: int = 0
    """Seed of the cut; the same for all models, so that they see the same parts."""
    articles: str = ""
    """A SQuAD file with the articles that the questions of QNLI come from: an article is in one part only."""
    near_similarity: float = omit_default(0.0)
    """Similarity from which examples with nearly the same texts are in one part too, see `NearSettings`; 0: those with
    the same text alone."""
    run_first: int = omit_default(0)
    """Run the first so many parts alone and score their examples, where all would take too long; 0: all parts. More
    can be run later, and repeat no part."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.number and self.number < 3:
            raise SettingsError(f"folds.number must be 3 or more (train, dev, test), or 0 for none, got {self.number}")
        if not 0 <= self.fold < max(1, self.number):
            raise SettingsError(f"folds.fold must be in [0, {max(1, self.number)}), got {self.fold}")
        if self.run_first and not 0 < self.run_first < self.number:
            raise SettingsError(
                f"folds.run_first must be below folds.number, {self.number}, or 0 for all of them, got {self.run_first}"
            )
        if not 0 <= self.near_similarity <= 1:
            raise SettingsError(f"folds.near_similarity must be in [0, 1], got {self.near_similarity}")


@dataclass
class SetFiles:
    """The files of one data set, relative to ``data.root``.

    Instead of a file a set may name a split on the Hugging Face hub, ``hub:org/name/config/split@revision``
    (``@revision`` may be left out), or Parquet files in the hub's columns, ``parquet:folder/*.parquet``.
    """

    train: str = ""
    dev: str = ""
    test: str = ""
    """The set that is scored clean and attacked."""
    attacked: dict[str, str] = field(default_factory=dict)
    """Attacked copies of the test set made elsewhere, by name; ``released`` is the authors' own."""
    hub_columns: dict[str, str] = field(default_factory=dict)
    """Where the hub calls a column otherwise: the name in ``task.columns``, and the hub's."""
    folds: FoldSettings = field(default_factory=FoldSettings)
    """Cross-validation of ``test``; ``train`` and ``dev`` are not read then."""
    epochs_factor: float = omit_default(1.0)
    """Times the epochs of fine-tuning, for a set with so few examples that the epochs of the others are few steps."""

    def __post_init__(self) -> None:
        """Check ranges and the names that files are called by."""
        if self.epochs_factor <= 0:
            raise SettingsError(f"data.sets.TASK.epochs_factor must be positive, got {self.epochs_factor}")
        for name in self.attacked:
            check_name("an attacked set (data.sets.TASK.attacked, data.own.attacked)", name)


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
    own: SetFiles = omit_default_section(SetFiles)
    """Your own files, relative to the working folder, in place of the task's entry in ``sets``. A changed file makes
    another cell."""
    corpus: SetFiles = field(default_factory=SetFiles)
    """Plain text for pretraining, one paragraph a line: train and dev."""

    @property
    def has_own_files(self) -> bool:
        """Whether the task's files are the user's own."""
        return self.own != SetFiles()


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
    """Tagged training sentences (ner, pos)."""
    dev_sentences: int = 400
    """Tagged development sentences."""
    test_sentences: int = 800
    """Tagged test sentences; their entities do not occur in training."""
    train_texts: int = 3000
    """Training rows of each classification set (cola, mrpc, qqp, qnli)."""
    dev_texts: int = 400
    """Development rows of each."""
    test_texts: int = 800
    """Test rows of each."""
    train_questions: int = 2000
    """Training questions of each reading set (squad1, squad2)."""
    dev_questions: int = 300
    """Development questions of each."""
    test_questions: int = 500
    """Test questions of each."""

    def __post_init__(self) -> None:
        """Check that no set is empty."""
        for name in ("sentences", "texts", "questions"):
            for split in ("train", "dev", "test"):
                if getattr(self, f"{split}_{name}") < 1:
                    count = getattr(self, f"{split}_{name}")
                    raise SettingsError(f"newswire.{split}_{name} must be at least 1, got {count}")


@dataclass
class CorpusSettings:
    """How much of the pretraining text is used."""

    max_words: int | None = None
    """Read only this many words of the training text; None: all."""
    dev_words: int | None = 20000
    """Read only this many words of the held-out text; None: all."""
    words_per_block: int = 80
    """Words per training block; blocks that need more than ``max_length`` subwords are cut."""
    num_workers: int = omit_default(1)
    """Processes that count the vocabularies of a corpus, where there are none yet. Never changes a result."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.num_workers < 1:
            raise SettingsError(f"corpus.num_workers must be at least 1, got {self.num_workers}")


@dataclass
class ColumnSettings:
    """Which column of a task's files holds what."""

    names: list[str] = field(default_factory=list)
    """The columns from the left, where the file has no line that names them."""
    first: str = "sentence"
    """Classification: the text, or the first of two."""
    second: str | None = None
    """Classification: the second text of a pair; None for single texts."""
    label: str = "label"
    """Classification: the label. Tagging: ``tag``, or in CoNLL-U ``upos`` or ``xpos``."""
    row_id: str | None = None
    """A column whose values may not repeat; None where rows have no name of their own."""
    label_names: dict[str, str] = field(default_factory=dict)
    """Labels as the file writes them, and their names, in the order of the model's outputs; the second is the
    positive one of a binary F1. Empty: the labels of the training file, in alphabetical order."""
    broken_rows: int = 0
    """Rows without the right number of columns, or with an empty text, that may be left out."""


@dataclass
class SpanSettings:
    """Extractive question answering. Released code: the defaults of the SQuAD script."""

    no_answers: bool = False
    """Whether a question may have no answer, as in SQuAD 2.0."""
    document_stride: int = 128
    """Subwords from the start of one window of a long context to the start of the next."""
    n_best: int = 20
    """Answers kept for each question, best first."""
    max_answer_length: int = 30
    """Most subwords of an answer."""
    max_question_length: int = 64
    """Most subwords of a question that the model sees."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("document_stride", "n_best", "max_answer_length", "max_question_length"):
            if getattr(self, name) < 1:
                raise SettingsError(f"task.spans.{name} must be at least 1, got {getattr(self, name)}")


@dataclass
class TaskSettings:
    """What is learnt in fine-tuning."""

    name: str = MISSING
    """ner; names the data set in ``data.sets`` and the column of a table."""
    kind: TaskKind = TaskKind.tagging
    """Which head and which encoding."""
    metric: str = MISSING
    """The score that selects the best checkpoint and stands in the table."""
    columns: ColumnSettings = field(default_factory=ColumnSettings)
    """Layout of the files of classification and of part-of-speech tagging."""
    spans: SpanSettings = field(default_factory=SpanSettings)
    """Windows and answers of question answering."""
    max_length: int | None = None
    """Subwords per sequence in place of ``finetuning.max_length``, for a task with longer texts than the others."""

    def __post_init__(self) -> None:
        """Check name and ranges."""
        check_name("task.name", self.name)
        if self.max_length is not None and self.max_length < 8:
            raise SettingsError(f"task.max_length must be at least 8 subwords or null, got {self.max_length}")


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
        check_edits("noise.edits", self.edits)


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
        """Check name and ranges."""
        check_name("attack.name", self.name)
        if not 0 <= self.probability <= 1:
            raise SettingsError(f"attack.probability must be in [0, 1], got {self.probability}")
        if self.min_word_length < 3:
            raise SettingsError(
                f"attack.min_word_length must leave an inner character (>= 3), got {self.min_word_length}"
            )
        if self.letters not in ("both", "lower"):
            raise SettingsError(f"attack.letters must be both or lower, got {self.letters}")
        check_edits("attack.edits", self.edits)


def check_name(setting: str, name: str) -> None:
    """Raise SettingsError unless a name can be that of a file in the folder where it belongs."""
    if not is_plain_name(name):
        raise SettingsError(
            f"{setting} names files, so it must be short, without slashes and not .., got {name[:80]!r}"
        )


def check_edits(setting: str, edits: list[str]) -> None:
    """Raise SettingsError unless a setting lists some of the edits."""
    known = ("drop", "add", "swap", "keyboard")
    unknown = [edit for edit in edits if edit not in known]
    if unknown or not edits:
        raise SettingsError(f"{setting} must list some of {', '.join(known)}, got {edits}")

"""Settings of the data: files, generation, noise, attack."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING

from charbert.config.checks import check_name, check_range, check_set_name
from charbert.config.identity import omit_default, omit_default_section
from charbert.errors import SettingsError


class TaskKind(Enum):
    """Kind of a task; it determines the head."""

    tagging = "tagging"
    pos_tagging = "pos_tagging"
    classification = "classification"
    question_answering = "question_answering"


@dataclass
class FoldSettings:
    """Cross-validation on a ``test`` file, for a data set without a training file at hand."""

    number: int = 0
    """Number of parts: each is the test set once, with the next one as dev set. 3 or more, or 0 for no division."""
    fold: int = 0
    """Index of the test part, from 0; set by the run itself, which uses each part in turn."""
    seed: int = 0
    """Seed of the division; the same for all models, so that all have the same parts."""
    articles: str = ""
    """A SQuAD file with the articles of the QNLI questions, so that each article is in one part only."""
    near_similarity: float = omit_default(0.0)
    """Similarity, in [0, 1], from which near duplicates are put into the same part, see `NearSettings`. 0: only
    examples with identical texts."""
    run_first: int = omit_default(0)
    """Number of parts to run and score, from the first, if all would take too long; 0: all. A later run with more parts
    repeats none."""

    def __post_init__(self) -> None:
        if self.number and self.number < 3:
            raise SettingsError(f"folds.number must be 3 or more (train, dev, test), or 0 for none, got {self.number}")
        if not 0 <= self.fold < max(1, self.number):
            raise SettingsError(f"folds.fold must be in [0, {max(1, self.number)}), got {self.fold}")
        if self.run_first and not 0 < self.run_first < self.number:
            raise SettingsError(
                f"folds.run_first must be below folds.number, {self.number}, or 0 for all of them, got {self.run_first}"
            )
        check_range("folds", self, "[0, 1]", "near_similarity")


class CleanSplit(Enum):
    """Which set of a task a noisy copy is made of."""

    dev = "dev"
    test = "test"


@dataclass
class NoisyCopy:
    """A noisy copy of tagged sentences, given as edit operations on their words."""

    operations: str = MISSING
    """The file, relative to ``data.root``, see `charbert.data.readers.edit_operations`."""
    split: CleanSplit = CleanSplit.test
    """The set that the operations are applied to."""


@dataclass
class SetFiles:
    """The files of one data set, relative to ``data.root``.

    Instead of a file: a split on the Hugging Face hub, ``hub:org/name/config/split@revision`` (``@revision`` is
    optional), or Parquet files with the hub's columns, ``parquet:folder/*.parquet``.
    """

    train: str = ""
    dev: str = ""
    test: str = ""
    """The set that is scored, clean and attacked."""
    attacked: dict[str, str] = field(default_factory=dict)
    """Existing attacked copies of the test set, by name; ``released`` is the authors'."""
    hub_columns: dict[str, str] = field(default_factory=dict)
    """Columns with another name on the hub: the name in ``task.columns``, and the hub's name."""
    folds: FoldSettings = field(default_factory=FoldSettings)
    """Cross-validation on ``test``; ``train`` and ``dev`` are then not read."""
    epochs_factor: float = omit_default(1.0)
    """Factor on ``finetuning.epochs`` for small sets, whose epochs have few steps; above 0."""
    noisy: dict[str, NoisyCopy] = omit_default_section(dict)
    """Noisy copies of tagged sets, by name, as ``{ocr:{operations:FILE,split:test}}``: a line of FILE has the edit
    operations of one word. ``experiments/robustness.py`` alone reads them, so they are no part of a model's key."""

    def __post_init__(self) -> None:
        check_range("data.sets.TASK", self, "(0, inf)", "epochs_factor")
        for name in self.attacked:
            check_set_name("an attacked set (data.sets.TASK.attacked, data.own.attacked)", name)
        for name in self.noisy:
            check_name("a noisy copy (data.sets.TASK.noisy, data.own.noisy)", name)


@dataclass
class DataSettings:
    """Data sets and their location."""

    name: str = MISSING
    """Name shown in tables, e.g. newswire or benchmarks."""
    generated: bool = False
    """Whether missing files are generated; scores on generated data are not comparable with published results."""
    root: str = "${paths.data}"
    """Folder of the files below; generated ones are in a folder in it for each size and seed of ``newswire``."""
    sets: dict[str, SetFiles] = field(default_factory=dict)
    """Files of each task, by ``task.name``."""
    own: SetFiles = omit_default_section(SetFiles)
    """Your own files, relative to the working folder, instead of the task's entry in ``sets``. A changed file makes a
    new run."""
    corpus: SetFiles = field(default_factory=SetFiles)
    """Plain text for pretraining, one paragraph per line: train and dev."""

    @property
    def has_own_files(self) -> bool:
        """Whether the task uses the user's own files."""
        return self.own != SetFiles()


@dataclass
class NewswireSettings:
    """Size and seed of the generated newswire."""

    seed: int = 1
    """Seed of the generator; the same seed gives the same bytes."""
    corpus_documents: int = 6000
    """Documents of the pretraining corpus."""
    corpus_dev_documents: int = 200
    """Documents held out to evaluate pretraining."""
    train_sentences: int = 3000
    """Tagged training sentences (ner, pos)."""
    dev_sentences: int = 400
    """Tagged development sentences."""
    test_sentences: int = 800
    """Tagged test sentences; their entities are not in the training set."""
    train_texts: int = 3000
    """Training rows of each classification set (cola, mrpc, qqp, qnli)."""
    dev_texts: int = 400
    """Development rows of each."""
    test_texts: int = 800
    """Test rows of each."""
    train_questions: int = 2000
    """Training questions of each question answering set (squad1, squad2)."""
    dev_questions: int = 300
    """Development questions of each."""
    test_questions: int = 500
    """Test questions of each."""

    def __post_init__(self) -> None:
        check_range("newswire", self, "[1, inf)", "corpus_documents", "corpus_dev_documents")
        for split in ("train", "dev", "test"):
            check_range("newswire", self, "[1, inf)", f"{split}_sentences", f"{split}_texts", f"{split}_questions")


@dataclass
class CorpusSettings:
    """Pretraining text."""

    max_words: int | None = None
    """Number of training words read; null: all."""
    dev_words: int | None = 20000
    """Number of held-out words read; null: all."""
    words_per_block: int = 80
    """Words per training block; blocks longer than ``max_length`` subwords are truncated."""
    num_workers: int | None = omit_default(None)
    """Processes that split a new corpus into words and count them, in [1, 1024]; null: one for each core, at most 4.
    1: only the main process. Does not change results."""

    def __post_init__(self) -> None:
        check_range("corpus", self, "[1, 1024]", "num_workers")


@dataclass
class ColumnSettings:
    """Columns of a task's files."""

    names: list[str] = field(default_factory=list)
    """Column names from left to right, for a file without a header. Tagging: ``word`` and ``tag`` once each, ``index``
    for a column that counts the words, ``pos`` for parts of speech; other names are ignored. Empty, for entities: word
    and tag, or word, pos, chunk and tag."""
    first: str = "sentence"
    """Classification: the column of the text, or of the first text of a pair. Tagging, in JSON lines and Parquet: the
    field of the list of words; ``sentence``: tokens or words."""
    second: str | None = None
    """Classification: the column of the second text; null for single texts."""
    label: str = "label"
    """Classification: the column of the label. Tagging: in CoNLL-U ``upos`` or ``xpos``; in JSON lines and Parquet the
    field of the list of tags, ``label``: ner_tags, tags or labels (parts of speech: pos_tags, upos, tags or labels)."""
    row_id: str | None = None
    """A column of unique row ids; null if there is none."""
    label_names: dict[Any, str] = field(default_factory=dict)
    """Labels in the file and their names, in the order of the model's outputs, as ``{0:bad,1:good}``; a list names the
    labels 0, 1 and so on, ``[bad,good]``. Labels with the same name are one. The second one is the positive class
    of a binary F1. Empty: the labels of the training file, in alphabetical order. Tagging: names of the tags in JSON
    lines and Parquet."""
    broken_rows: int = 0
    """Maximum number of rows skipped because of a wrong number of columns or an empty text."""
    strict_tags: bool = omit_default(False)
    """Entities: whether an ``I-`` tag that continues no entity is refused in a file whose other entities begin with
    ``B-``. false: it is read as ``B-``, and counted in the log and the record."""
    unseen_tags: bool = omit_default(False)
    """Tagging: whether the dev and test set may have tags that the training set lacks. They are counted in the log and
    the record, and in the scores."""

    def __post_init__(self) -> None:
        self.label_names = {written_label(label): name for label, name in self.label_names.items()}


def written_label(label: Any) -> str:
    """Return a label of JSON, YAML or Parquet as tables have it: a text, ``1`` or ``true``."""
    return str(label).lower() if isinstance(label, bool) else str(label)


@dataclass
class SpanSettings:
    """Extractive question answering. Defaults: those of the released SQuAD script."""

    no_answers: bool = False
    """Whether a question may have no answer, as in SQuAD 2.0."""
    document_stride: int = 128
    """Distance between the starts of two windows of a long context, in subwords."""
    n_best: int = 20
    """Answers kept per question, best first."""
    max_answer_length: int = 30
    """Maximum length of an answer, in subwords."""
    max_question_length: int = 64
    """Maximum length of a question, in subwords; the rest is cut off."""

    def __post_init__(self) -> None:
        sizes = ("document_stride", "n_best", "max_answer_length", "max_question_length")
        check_range("task.spans", self, "[1, inf)", *sizes)


@dataclass
class TaskSettings:
    """Task of fine-tuning."""

    name: str = MISSING
    """Name, e.g. ner: the data set in ``data.sets`` and the column of a table."""
    kind: TaskKind = TaskKind.tagging
    """Kind of task; determines head and encoding."""
    metric: str = MISSING
    """The score that selects the best checkpoint and is shown in tables."""
    columns: ColumnSettings = field(default_factory=ColumnSettings)
    """Columns of the files, for classification and tagging."""
    spans: SpanSettings = field(default_factory=SpanSettings)
    """Windows and answers of question answering."""
    max_length: int | None = None
    """Subwords per sequence, in [8, 100000], for a task with long texts; null: ``finetuning.max_length``."""

    def __post_init__(self) -> None:
        check_name("task.name", self.name)
        check_range("task", self, "[8, 100000]", "max_length")

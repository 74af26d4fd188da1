"""Generated newswire in place of data sets that are not at hand, in the layouts of the benchmarks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from charbert.config.data.sets import DataSettings, NewswireSettings, TaskSettings
from charbert.data.readers.columns import write_columns
from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.data.readers.glue import LabeledText, write_glue
from charbert.data.readers.squad import Answer, Question, write_squad
from charbert.errors import SettingsError
from charbert.files import locked, write_atomically
from charbert.records import settings_key
from charbert.seeding import numpy_generator
from charbert.synthetic import (
    NewsDocument,
    Newswire,
    QuestionAnswer,
    acceptability_examples,
    pair_examples,
    paraphrase_examples,
    qa_examples,
    question_pair_examples,
    write_corpus,
)
from charbert.synthetic.generator import NewsSentence, Split

log = logging.getLogger(__name__)

SPLITS: tuple[Split, ...] = ("train", "dev", "test")
UNANSWERABLE = 0.5
"""How likely a question of squad2 becomes an unanswerable one, where an earlier article lends its names."""
_EARLIER_ROWS = 200
"""Questions of squad2 that are left out, so that there are earlier articles even for the first one written."""


def write_newswire(root: Path, settings: NewswireSettings, data: DataSettings, task: TaskSettings) -> None:
    """Write the corpus and the sets of a task below ``root``, unless those there come from the same settings or the
    task's files are the user's own.

    The sets are made up, whatever their names: ``ner`` and ``pos`` are the gold tags of generated sentences,
    ``qnli`` asks whether a sentence answers a question, ``squad1`` and ``squad2`` where a passage does;
    ``cola``, ``mrpc`` and ``qqp`` are described in `charbert.synthetic.rephrased`. They are read with the
    settings of the benchmarks, so that the same code runs on both.

    Raises:
        SettingsError: naming the sets there are, if the generator cannot make the one of the task.
    """
    if not data.has_own_files and (task.name not in _ROWS or task.name not in data.sets):
        known = ", ".join(_ROWS)
        raise SettingsError(f"data={data.name} is generated and has no set for task={task.name}, only {known}")
    wire = Newswire(settings.seed)
    key = settings_key({"newswire": settings, "files": data.corpus})
    _write_once(root / "corpus.key", key, lambda: _write_corpus(root, wire, settings, data))
    if data.has_own_files:
        return
    key = settings_key({"newswire": settings, "files": data.sets[task.name], "task": task})
    _write_once(root / f"{task.name}.key", key, lambda: _write_sets(root, wire, settings, data, task))


def _write_once(stamp: Path, key: str, write: Callable[[], None]) -> None:
    """Write unless the stamp has the key; it is written last, so that what was interrupted is done again."""

    def is_written() -> bool:
        return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == key

    if is_written():
        return
    with locked(stamp.with_suffix(".lock"), f"generating newswire, {stamp.stem}"):
        if is_written():
            return
        log.info("generating newswire, %s in %s", stamp.stem, stamp.parent)
        stamp.unlink(missing_ok=True)
        write()
        write_atomically(stamp, key + "\n")


def _write_corpus(root: Path, wire: Newswire, settings: NewswireSettings, data: DataSettings) -> None:
    if (path := _generated(root, data.corpus.train)) is not None:
        write_corpus(path, wire.documents(settings.corpus_documents, split="train"))
    if (path := _generated(root, data.corpus.dev)) is not None:
        write_corpus(path, wire.documents(settings.corpus_dev_documents, split="dev"))


def _write_sets(root: Path, wire: Newswire, settings: NewswireSettings, data: DataSettings, task: TaskSettings) -> None:
    size_name, make_rows, write = _ROWS[task.name]
    for split in SPLITS:
        size = getattr(settings, f"{split}_{size_name}")
        # every document gives a row or more, and the first rows are the same however many are asked for
        documents = wire.documents(size + _EARLIER_ROWS, split=split)
        rng = numpy_generator(settings.seed, "newswire sets", task.name, split)
        if (path := _generated(root, getattr(data.sets[task.name], split))) is not None:
            write(path, list(islice(make_rows(documents, rng), size)), task)


def _generated(root: Path, name: str) -> Path | None:
    """Return the path of a file that is to be generated below the root; None for a file elsewhere that is there.

    Raises:
        SettingsError: if the name leads out of the root to no file.
    """
    if Path(name).is_absolute() and Path(name).is_file():
        return None  # the user's own, as a prepared set; it is read and never written
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise SettingsError(f"data={root}: generated files stay in their folder, so none can be named {name!r}")
    return root / name


Rows = Callable[[Iterable[NewsDocument], np.random.Generator], Iterable[Any]]
Write = Callable[[Path, Sequence[Any], TaskSettings], None]


def _sentences(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[NewsSentence]:
    return (sentence for document in documents for sentence in document.sentences)


def _tagged_with_pos(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[TaggedSentence]:
    return (
        TaggedSentence(words=sentence.words, tags=sentence.pos, pos=None, document=sentence.document)
        for sentence in _sentences(documents, rng)
    )


def _cola(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[LabeledText]:
    for row in acceptability_examples(documents, rng):
        yield LabeledText(row.text, None, "acceptable" if row.acceptable else "unacceptable")


def _mrpc(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[LabeledText]:
    for row in paraphrase_examples(documents, rng):
        yield LabeledText(row.first, row.second, "equivalent" if row.same else "not_equivalent")


def _qqp(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[LabeledText]:
    for number, row in enumerate(question_pair_examples(documents, rng)):
        yield LabeledText(row.first, row.second, "duplicate" if row.same else "not_duplicate", str(number))


def _qnli(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[LabeledText]:
    for number, row in enumerate(pair_examples(documents, rng)):
        label = "entailment" if row.answered else "not_entailment"
        yield LabeledText(row.question, row.sentence, label, str(number))


def _squad1(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[Question]:
    return map(_question, qa_examples(documents, rng))


def _squad2(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[Question]:
    rows = qa_examples(documents, rng, unanswerable_probability=UNANSWERABLE)
    return map(_question, islice(rows, _EARLIER_ROWS, None))


def _question(row: QuestionAnswer) -> Question:
    answers = tuple(map(Answer, row.answers, row.answer_starts))
    # topic-document-sentence-question: the first two parts name the article
    return Question(row.id, row.question, row.context, answers, title=row.id.rsplit("-", 2)[0])


def _write_ner(path: Path, rows: Sequence[NewsSentence], task: TaskSettings) -> None:
    write_conll(path, rows)


def _write_pos(path: Path, rows: Sequence[TaggedSentence], task: TaskSettings) -> None:
    write_columns(path, rows)


def _write_texts(path: Path, rows: Sequence[LabeledText], task: TaskSettings) -> None:
    write_glue(path, rows, task.columns)


def _write_questions(path: Path, rows: Sequence[Question], task: TaskSettings) -> None:
    write_squad(path, rows, version="v2.0" if task.spans.no_answers else "1.1")


_ROWS: dict[str, tuple[str, Rows, Write]] = {
    "ner": ("sentences", _sentences, _write_ner),
    "pos": ("sentences", _tagged_with_pos, _write_pos),
    "cola": ("texts", _cola, _write_texts),
    "mrpc": ("texts", _mrpc, _write_texts),
    "qqp": ("texts", _qqp, _write_texts),
    "qnli": ("texts", _qnli, _write_texts),
    "squad1": ("questions", _squad1, _write_questions),
    "squad2": ("questions", _squad2, _write_questions),
}
"""By task: which of the newswire's sizes counts, how rows are made, how they are written."""

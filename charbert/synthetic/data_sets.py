"""Writes generated newswire as data sets in the layouts of the benchmarks."""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import numpy as np

from charbert.config.data.sets import DataSettings, NewswireSettings, TaskSettings
from charbert.data.readers.conll import TaggedSentence, write_columns, write_conll
from charbert.data.readers.glue import LabeledText, write_glue
from charbert.data.readers.squad import Question, write_squad
from charbert.errors import SettingsError
from charbert.files import locked, write_atomically
from charbert.records import settings_key
from charbert.seeding import numpy_generator
from charbert.synthetic.examples import pair_examples, qa_examples
from charbert.synthetic.generator import NewsDocument, NewsSentence, Newswire, Split
from charbert.synthetic.rephrased import acceptability_examples, paraphrase_examples, question_pair_examples

log = logging.getLogger(__name__)

UNANSWERABLE = 0.5
"""How likely a question of squad2 is replaced by an unanswerable one, where an earlier article has a matching one."""
_EARLIER_ROWS = 200
"""Number of squad2 questions that are skipped, so that even the first written one has earlier articles."""
_SENTENCES_PER_PARAGRAPH = 3


def write_newswire(root: Path, settings: NewswireSettings, data: DataSettings, task: TaskSettings) -> None:
    """Write the corpus and the sets of a task below ``root``.

    Nothing is written where files from the same settings exist, or where the task's files are the user's own.
    The sets share only names and layouts with the benchmarks: ``ner`` and ``pos`` are the gold tags of generated
    sentences, ``qnli`` asks whether a sentence answers a question, ``squad1`` and ``squad2`` where a passage answers
    it; ``cola``, ``mrpc`` and ``qqp`` are described in `charbert.synthetic.rephrased`. They are read with the
    settings of the benchmarks, so the same code runs on both.

    Raises:
        SettingsError: naming the known sets, if the generator cannot make the one of the task.
    """
    if not data.has_own_files and (task.name not in _ROWS or task.name not in data.sets):
        known = ", ".join(_ROWS)
        raise SettingsError(
            f"data={data.name} is generated and has no set for task={task.name}, only {known}; for files of yours give "
            "data.own.train, data.own.dev and data.own.test"
        )
    wire = Newswire(settings.seed)
    keys = _keys(settings, data, task)
    _write_once(root / "corpus.key", keys["corpus"], lambda: _write_corpus(root, wire, settings, data))
    if not data.has_own_files:
        _write_once(root / f"{task.name}.key", keys[task.name], lambda: _write_sets(root, wire, settings, data, task))


def unwritten_newswire(root: Path, settings: NewswireSettings, data: DataSettings, task: TaskSettings) -> set[str]:
    """Return which of the corpus and the task's set, by name, `write_newswire` would write, over those of others."""
    return {name for name, key in _keys(settings, data, task).items() if not _is_written(root / f"{name}.key", key)}


def _keys(settings: NewswireSettings, data: DataSettings, task: TaskSettings) -> dict[str, str]:
    keys = {"corpus": settings_key({"newswire": settings, "files": data.corpus})}
    if task.name in data.sets and not data.has_own_files:
        keys[task.name] = settings_key({"newswire": settings, "files": data.sets[task.name], "task": task})
    return keys


def _is_written(stamp: Path, key: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == key


def _write_once(stamp: Path, key: str, write: Callable[[], None]) -> None:
    """Write unless the stamp file has the key; it is written last, so interrupted writing is repeated."""
    if _is_written(stamp, key):
        return
    with locked(stamp.with_suffix(".lock"), f"generating newswire, {stamp.stem}"):
        if _is_written(stamp, key):
            return
        what = "the text to pretrain on" if stamp.stem == "corpus" else f"the sets of {stamp.stem}"
        log.info("generating newswire: %s, in %s", what, stamp.parent)
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
    for split in get_args(Split):
        size = getattr(settings, f"{split}_{size_name}")
        # each document gives at least one row, and the first rows do not depend on the number of documents
        documents = wire.documents(size + _EARLIER_ROWS, split=split)
        rng = numpy_generator(settings.seed, "newswire sets", task.name, split)
        if (path := _generated(root, getattr(data.sets[task.name], split))) is not None:
            write(path, list(islice(make_rows(documents, rng), size)), task)


def _generated(root: Path, name: str) -> Path | None:
    """Return the path of a file to generate below the root; None if the name is an existing file elsewhere.

    Raises:
        SettingsError: if the name is outside the root and there is no such file.
    """
    if Path(name).is_absolute() and Path(name).is_file():
        return None  # the user's own, such as a prepared set; it is read and never written
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise SettingsError(f"data={root}: generated files stay in their folder, not {name!r}")
    return root / name


def write_corpus(path: Path | str, documents: Iterable[NewsDocument]) -> None:
    """Write articles as running text: one paragraph per line, an empty line after each article."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for document in documents:
            texts = [sentence.text for sentence in document.body]
            starts = range(0, len(texts), _SENTENCES_PER_PARAGRAPH)
            paragraphs = [" ".join(texts[start : start + _SENTENCES_PER_PARAGRAPH]) for start in starts]
            stream.write("\n".join([document.title.text, document.dateline.text, *paragraphs]) + "\n\n")


def _sentences(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[NewsSentence]:
    return (sentence for document in documents for sentence in document.sentences)


def _tagged_with_pos(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[TaggedSentence]:
    return (TaggedSentence(sentence.words, sentence.pos) for sentence in _sentences(documents, rng))


def _squad2(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterable[Question]:
    return islice(qa_examples(documents, rng, unanswerable_probability=UNANSWERABLE), _EARLIER_ROWS, None)


def _write_texts(path: Path, rows: Sequence[LabeledText], task: TaskSettings) -> None:
    write_glue(path, rows, task.columns)


def _write_questions(path: Path, rows: Sequence[Question], task: TaskSettings) -> None:
    write_squad(path, rows, version="v2.0" if task.spans.no_answers else "1.1")


_ROWS: dict[str, tuple[str, Callable[..., Iterable[Any]], Callable[[Path, Sequence[Any], TaskSettings], None]]] = {
    "ner": ("sentences", _sentences, lambda path, rows, task: write_conll(path, rows)),
    "pos": ("sentences", _tagged_with_pos, lambda path, rows, task: write_columns(path, rows)),
    "cola": ("texts", acceptability_examples, _write_texts),
    "mrpc": ("texts", paraphrase_examples, _write_texts),
    "qqp": ("texts", question_pair_examples, _write_texts),
    "qnli": ("texts", pair_examples, _write_texts),
    "squad1": ("questions", qa_examples, _write_questions),
    "squad2": ("questions", _squad2, _write_questions),
}
"""By task: which of the newswire's sizes applies, how rows are made, how they are written."""

"""Every reader of a file that a person may hand in, on bytes that nobody wrote.

python tests/fuzz/fuzz_readers.py --seconds 3600 --corpus outputs/fuzz
python tests/fuzz/fuzz_readers.py --replay outputs/fuzz/crash-...

A reader may refuse a file with an error of ours and with nothing else, and what it has read must come back the same
after it was written. With atheris (`pip install -e '.[fuzz]'`, on Linux) inputs are grown by coverage; without, they
are mutations of the samples below. An input that breaks a reader is kept in the corpus, and the run ends with another
code than 0.
"""

import argparse
import hashlib
import io
import json
import logging
import lzma
import math
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

try:
    import atheris
except ImportError:
    atheris = None

with nullcontext() if atheris is None else atheris.instrument_imports(include=["charbert"]):
    from charbert.config.data.sets import ColumnSettings
    from charbert.data.pretraining.corpus import read_paragraphs
    from charbert.data.pretraining.word_vocab import WordVocab
    from charbert.data.readers.conll import TaggedSentence, read_conll, write_columns, write_conll
    from charbert.data.readers.conllu import read_conllu, write_conllu
    from charbert.data.readers.edit_operations import read_noisy
    from charbert.data.readers.glue import read_glue, write_glue
    from charbert.data.readers.hub import parse_reference
    from charbert.data.readers.layouts import TWO_COLUMNS
    from charbert.data.readers.lines import read_lines
    from charbert.data.readers.misspellings import read_misspellings
    from charbert.data.readers.squad import read_squad, write_squad
    from charbert.data.word_counts import read_words
    from charbert.deploy.onnx.model import read_export
    from charbert.deploy.predict.sources import read_inputs
    from charbert.deploy.predict.usage import read_usage
    from charbert.errors import CharBertError, DataError
    from charbert.evaluation.logits import read_scores
    from charbert.noise.ocr import parse_confusions
    from charbert.preparation.augmentation import read_synonyms
    from charbert.preparation.out_of_fold import read_probabilities
    from charbert.records import ResultRecord, read_record, write_record
    from charbert.tasks.tagging.entities import NamedEntityTask
    from charbert.tasks.tagging.hub import record_sentences
    from charbert.text.char_vocab import CharVocab

FOLDER = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where the files are written: in memory where that can be."""
HEADED = ColumnSettings(first="one", second="two", label="label", row_id="id")
HEADLESS = ColumnSettings(names=["label", "one"], first="one", label_names={"0": "no", "1": "yes"}, broken_rows=1)


def comes_back(path: Path, read: Callable[[Path], Any], write: Callable[[Path, Any], object]) -> None:
    """Read a file; what was read must be the same after it was written."""
    content = read(path)
    again = path.with_name("again")
    write(again, content)
    assert read(again) == content, f"{content!r} came back as {read(again)!r}"


def tagged(path: Path, read: Callable[[Path], Any], write: Callable[[Path, Any], object]) -> None:
    """The same for sentences, wherever they stood."""
    examples = read(path)
    write(path.with_name("again"), examples)
    sentences, again = (
        [(sentence.words, sentence.tags) for sentence in some] for some in (examples, read(path.with_name("again")))
    )
    assert sentences == again, f"{sentences!r} came back as {again!r}"


def conll(path: Path) -> None:
    """Named entities."""
    with suppress(DataError):
        read_conll(path, unescape_quotes=True, errors=[])
    tagged(path, read_conll, write_conll)


def columns(path: Path) -> None:
    """Parts of speech in two columns."""
    with suppress(DataError):
        read_conll(path, columns=TWO_COLUMNS, scheme="plain", errors=[])
    tagged(path, lambda at: read_conll(at, columns=TWO_COLUMNS, scheme="plain"), write_columns)


def named_columns(path: Path) -> None:
    """Entities in columns of other data sets."""
    names = ["index", "word", "tag", "other"]
    with suppress(DataError):
        read_conll(path, columns=names, scheme="strict", errors=[])
    tagged(path, lambda at: read_conll(at, columns=names), lambda at, rows: write_columns(at, rows, names))


def tag_lists(path: Path) -> None:
    """Words and tags in JSON lines."""
    path = path.rename(path.with_suffix(".jsonl"))
    with suppress(DataError):
        record_sentences(path, ColumnSettings(), entities=False, errors=[])
    task = NamedEntityTask("any", "f1")
    tagged(path, lambda at: task.read(at), task.write)


def csv_texts(path: Path) -> None:
    """Texts in CSV."""
    read_glue(path.rename(path.with_suffix(".csv")), HEADED)


def json_texts(path: Path) -> None:
    """Texts in JSON lines."""
    read_glue(path.rename(path.with_suffix(".jsonl")), HEADED)


def edit_operations(path: Path) -> None:
    """A noisy copy: no word is lost, and tags stay."""
    clean = [TaggedSentence(("four", "men"), ("O", "B-PER")), TaggedSentence(("go",), ("O",))]
    noisy = read_noisy(path, clean, "clean")
    assert [sentence.tags for sentence in noisy] == [sentence.tags for sentence in clean]
    assert all(word.strip() for sentence in noisy for word in sentence.words)


def misspellings(path: Path) -> None:
    """Lists of misspellings: single words, each another than its own."""
    for word, wrong in read_misspellings(path).items():
        assert wrong and all(text.split() == [text] != [word] for text in wrong) and word.split() == [word]


def confusions(path: Path) -> None:
    """A table of confusions: none has white space in it."""
    for read, seen, probability in parse_confusions(read_lines(path, "a table"), path):
        assert read != seen and 0 < probability <= 1 and not re.search(r"\s", read + seen)


def conllu(path: Path) -> None:
    """Treebanks."""
    with suppress(DataError):
        read_conllu(path, "xpos", errors=[])
    tagged(path, read_conllu, write_conllu)


def glue(path: Path) -> None:
    """Pairs of texts under a header."""
    with suppress(DataError):
        read_glue(path, HEADED, unquote_fields=True, errors=[])
    comes_back(path, lambda at: read_glue(at, HEADED), lambda at, rows: write_glue(at, rows, HEADED))


def glue_headless(path: Path) -> None:
    """Single texts without a header."""
    comes_back(path, lambda at: read_glue(at, HEADLESS), lambda at, rows: write_glue(at, rows, HEADLESS))


def squad(path: Path) -> None:
    """Questions."""
    with suppress(DataError):
        read_squad(path, no_answers=False, errors=[])
    comes_back(path, lambda at: read_squad(at, no_answers=True), write_squad)


def paragraphs(path: Path) -> None:
    """Plain text."""
    assert all(paragraph is None or paragraph.strip() == paragraph != "" for paragraph in read_paragraphs([path]))


def packed_paragraphs(path: Path) -> None:
    """Plain text in xz."""
    paragraphs(path.rename(path.with_suffix(".xz")))


def character_vocabulary(path: Path) -> None:
    """Our own character vocabularies."""
    comes_back(path, lambda at: CharVocab.load(at).to_dict(), lambda at, content: CharVocab.from_dict(content).save(at))


def released_characters(path: Path) -> None:
    """Those of the authors."""
    vocabulary = CharVocab.read_released(path)
    assert int(vocabulary.encode("a\0\U0010ffff").max()) < len(vocabulary)


def word_vocabulary(path: Path) -> None:
    """Our own word vocabularies."""
    comes_back(path, WordVocab.load, lambda at, vocabulary: vocabulary.save(at))


def word_counts(path: Path) -> None:
    """Words with counts as a JSON object, else as lines or as a text."""
    if path.read_bytes()[:1] == b"{":
        path = path.rename(path.with_suffix(".json"))
    counts, again = read_words(path).counts, path.with_name("again.json")
    again.write_bytes(_json(counts))
    assert read_words(again).counts == counts


def record(path: Path) -> None:
    """Results."""
    write_record(path.with_name("again"), read_record(path))
    read_record(path.with_name("again"))


def usage(path: Path) -> None:
    """How a model is used."""
    path.rename(path.with_name("charbert_usage.json"))
    read_usage(path.parent, None)


def export(path: Path) -> None:
    """What an exported model says of itself."""
    path.rename(path.with_name("charbert_export.json"))
    read_export(path.parent)


def inputs(path: Path) -> None:
    """Texts to predict, in each form."""
    for form in ("document", "lines", "jsonl"):
        parsed = read_inputs([str(path)], form, io.BytesIO())
        assert len(parsed.rows) == len(parsed.places)


def scores(path: Path) -> None:
    """Stored scores."""
    read_scores(path)


def synonyms(path: Path) -> None:
    """Synonyms of a user's own."""
    assert all(read_synonyms(path).values())


def probabilities(path: Path) -> None:
    """Probabilities of a user's own."""
    assert all(read_probabilities(path))


def reference(path: Path) -> None:
    """Names of splits on the hub."""
    parse_reference(path.read_text(encoding="utf-8", errors="replace"))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _scores() -> bytes:
    buffer = io.BytesIO()
    arrays = {"logits": np.zeros((2, 2), np.float32), "gold": np.zeros(2, np.int64)}
    np.savez(buffer, **arrays, labels=np.array(["a", "b"]), lengths=np.ones(2, np.int32))
    return buffer.getvalue()


_ANSWERS = [{"text": "noon", "answer_start": 15}]
_QUESTIONS = [
    {"id": "a", "question": "When?", "answers": _ANSWERS, "is_impossible": False},
    {"id": "b", "question": "Who?", "answers": [], "is_impossible": True},
]
_SQUAD = {
    "version": "v2.0",
    "data": [{"title": "F", "paragraphs": [{"context": "It left just at noon.", "qas": _QUESTIONS}]}],
}
_CHARACTERS = {"version": 1, "characters": ["<p>", " ", "#", "<u>", "a"], "pad_id": 0, "separator_id": 1}
_CELLS = "1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tDo\t_\tAUX\tVB\t_\t_\t_\t_\t_\n2\tn't\t_\tPART\tRB\t_\t_\t_\t_\t_\n"
_RECORD = ResultRecord(kind="finetune", experiment="e", name="n", key="k", settings={"a": [1]}, seed=1)

TARGETS: dict[str, tuple[Callable[[Path], None], bytes]] = {
    "conll": (conll, b"-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\nAda NNP I-NP B-PER\n"),
    "columns": (columns, "The\tDT\n10 000\tCD\n\nÉté\tNN\n".encode()),
    "named_columns": (named_columns, b"#\tsource\n1\tAda\tB-PER\tO\n2\tLee\tE-PER\tO\n\n1\tRiga\tS-LOC\tO\n"),
    "tag_lists": (
        tag_lists,
        b'{"tokens": ["Ada", "left"], "ner_tags": ["S-PER", "O"]}\n{"tokens": [], "ner_tags": []}',
    ),
    "csv_texts": (csv_texts, b'id,one,two,label\n0,"A ""b"", c",C.,yes\n\n1,"D\nE",F,no\n'),
    "json_texts": (json_texts, b'{"id": 0, "one": "A\\tb", "two": "C", "label": true}\n'),
    "edit_operations": (edit_operations, "--s- \u00e9\n-i-d  \n\n-- \n\n".encode()),
    "misspellings": (misspellings, "$Haus\r\nHuas 3\r\n\n$şehir\nşehır\nşe_hir\n".encode()),
    "wrong_and_right": (misspellings, b"ther->their, there\n\nwich->which\n"),
    "typos": (misspellings, b'{"edits": [{"src": {"text": "teh a"}, "tgt": {"text": "the a"}, "is_typo": true}]}\n'),
    "confusions": (confusions, b"# ours\nrn\tm\t0.2\nl\t1\t1e-3\n"),
    "conllu": (conllu, f"# newdoc\n{_CELLS}2.1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n\n".encode()),
    "glue": (glue, b'id\tone\ttwo\tlabel\n0\tA "b"?\tC.\tyes\n1\t"D ""e"""\tF\tno\n'),
    "glue_headless": (glue_headless, b"1\tCats sleep.\n0\tCats.\nbroken\n"),
    "squad": (squad, _json(_SQUAD)),
    "paragraphs": (paragraphs, "\ufeffOne.\n\nTwo.\r\n".encode()),
    "packed_paragraphs": (packed_paragraphs, lzma.compress(b"One.\n\nTwo.\n")),
    "character_vocabulary": (character_vocabulary, _json({**_CHARACTERS, "special_id": 2, "unk_id": 3})),
    "released_characters": (released_characters, " \na\n\u00e9\n<unk>\n".encode()),
    "word_vocabulary": (word_vocabulary, _json({"version": 1, "words": ["a", "b"]})),
    "word_counts": (word_counts, b"The\t12\nold\t3\n"),
    "record": (record, _json({**asdict(_RECORD), "metrics": {"eval/ner/f1": 0.5}})),
    "usage": (usage, _json({"version": 1, "head": "question_answering", "max_length": 64})),
    "export": (export, _json({"head": "token_classification"})),
    "inputs": (inputs, b'{"text": "a"}\n{"question": "a", "context": "\\u00e9"}\n'),
    "scores": (scores, _scores()),
    "synonyms": (synonyms, b"# mine\nfast\tquick, swift\n"),
    "probabilities": (probabilities, b'{"probabilities": {"a": 0.5}}\n{"predicted": "a", "probability": 1}\n'),
    "reference": (reference, b"hub:org/name/config/split@main"),
}
"""What is tried on the bytes, and a sample to begin with."""

_PIECES = [
    *(character.encode() for character in "\t \n\r\0\ufeff\u0301\u2028\u0085\U0001f600\"\\{}[],:-#0"),
    b"\\ud800", b"\xff", b"NaN", b"-DOCSTART-", b"# newdoc\n", b"9" * 5000, b"[" * 20_000, b"null", b"1e999", b"B-",
]  # fmt: skip


def try_bytes(data: bytes) -> None:
    """Hand the bytes to the target that the first one chooses."""
    check, _ = list(TARGETS.values())[data[0] % len(TARGETS)] if data else (conll, b"")
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        path = Path(folder) / "file"
        path.write_bytes(data[1:])
        try:
            check(path)
        except CharBertError as error:
            assert folder in str(error) or check is reference, f"{error} does not name the file"


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Return the bytes with a few of them changed, cut out, doubled or put in."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        start = rng.randrange(len(changed) + 1)
        stop = min(len(changed), start + rng.choice((0, 1, 1, 4, 30)))
        piece = rng.choice((b"", rng.randbytes(1), rng.choice(_PIECES), bytes(changed[start:stop]) * 2))
        changed[start:stop] = piece
    return bytes(changed)


def run_mutations(seconds: float, corpus: Path, seed: int) -> int:
    """Try mutations of what is in the corpus until the time is up; return how many."""
    rng = random.Random(seed)
    known = [path.read_bytes() for path in sorted(corpus.iterdir())]
    end, tried = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        sample = rng.choice(known)
        data = sample[:1] + mutate(sample[1:], rng)
        tried += 1
        try:
            try_bytes(data)
        except BaseException:
            crash = corpus / f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
            crash.write_bytes(data)
            sys.stderr.write(f"{list(TARGETS)[data[0] % len(TARGETS)]} broke on {crash}\n")
            raise
    return tried


def main(arguments: list[str] | None = None) -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--corpus", type=Path, help="folder of inputs, which grows (default: one that is thrown away)")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries others (default: 0)")
    parser.add_argument("--only", choices=TARGETS, help="one reader (default: all)")
    parser.add_argument("--plain", action="store_true", help="mutations without coverage, also where atheris is")
    parser.add_argument("--replay", type=Path, help="try one input that was kept")
    chosen = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    if chosen.replay:
        try_bytes(chosen.replay.read_bytes())
        return
    with tempfile.TemporaryDirectory() as thrown_away:
        corpus = chosen.corpus or Path(thrown_away)
        corpus.mkdir(parents=True, exist_ok=True)
        for index, (name, (_, sample)) in enumerate(TARGETS.items()):
            if chosen.only in (None, name):
                (corpus / f"sample-{name}").write_bytes(bytes([index]) + sample)
        if atheris is None or chosen.plain:
            tried = run_mutations(chosen.seconds, corpus, chosen.seed)
            sys.stderr.write(f"tried {tried} mutations, coverage unknown\n")
            return
        options = [
            f"-max_total_time={math.ceil(chosen.seconds)}",
            f"-seed={chosen.seed + 1}",
            f"-artifact_prefix={corpus}/",
        ]
        atheris.Setup([sys.argv[0], str(corpus), "-timeout=20", "-max_len=30000", *options], try_bytes)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

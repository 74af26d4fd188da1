from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.data.readers.conll import TaggedSentence, read_conll, write_conll
from charbert.errors import DataError, SettingsError

SHARED = Path(__file__).parents[3].parent / "shared"
CONLL = SHARED / "data" / "conll2003"
ATTACKED = SHARED / "data" / "charbert_attack" / "CharAttack_NER" / "test.txt"
needs_conll = pytest.mark.skipif(not CONLL.is_dir(), reason="the CoNLL-2003 files are not here")


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "some.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _sentence(tags: str, words: str = "", **options) -> TaggedSentence:
    row = tuple(tags.split())
    return TaggedSentence(tuple(words.split()) or ("word",) * len(row), row, **options)


def test_iob1_becomes_iob2(tmp_path: Path) -> None:
    path = _file(tmp_path, "a X Y I-PER\nb X Y I-PER\nc X Y B-PER\nd X Y I-LOC\ne X Y O\n")
    (sentence,) = read_conll(path)
    assert sentence.tags == ("B-PER", "I-PER", "B-PER", "B-LOC", "O")
    assert sentence.pos == ("X",) * 5


def test_iob2_stays(tmp_path: Path) -> None:
    (sentence,) = read_conll(_file(tmp_path, "a B-PER\nb I-PER\nc B-LOC"))
    assert sentence.tags == ("B-PER", "I-PER", "B-LOC")
    assert sentence.pos is None


def test_documents_and_lines(tmp_path: Path) -> None:
    text = "-DOCSTART- -X- O O\r\n\r\na B-X\r\n\r\n\r\nb O\r\n-DOCSTART- O\r\nc O\r\n"
    sentences = read_conll(_file(tmp_path, text))
    assert [(s.words[0], s.document, s.line) for s in sentences] == [("a", 0, 3), ("b", 0, 6), ("c", 1, 8)]


def test_words_may_hold_blanks_and_escaped_quotes(tmp_path: Path) -> None:
    path = _file(tmp_path, 'one NN B-NP O\n11609:... I NNS B-NP O\n\\" " O O\n\u00a0 NN B-NP O\n')
    (sentence,) = read_conll(path, unescape_quotes=True)
    assert sentence.words == ("one", "11609:... I", '"', "\u00a0")
    assert read_conll(path)[0].words[2] == '\\"'


def test_named_columns_and_plain_tags(tmp_path: Path) -> None:
    path = _file(tmp_path, "The\tx\tDT\ty\tz\ncat\tx\tNN\ty\tz\n")
    (sentence,) = read_conll(path, columns=["word", "lemma", "tag", "a", "b"], scheme="plain")
    assert (sentence.words, sentence.tags) == (("The", "cat"), ("DT", "NN"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a X Y O\nb Y O\n", r":2: expected 4 columns \(word pos chunk tag\), got 3"),
        ("a X O\n", r":1: expected 4 columns .* or 2 columns .*, got 3"),
        ("a X Y X-PER\n", r":1: expected a tag O, B-TYPE or I-TYPE, got 'X-PER'"),
        ("a X Y NN\n", r":1: expected a tag .*'NN'"),
        ("", "expected at least one sentence"),
        ("\n\n-DOCSTART- O\n", "expected at least one sentence"),
        (b"a O\nb\xff O\n", r":2: expected UTF-8 text, got byte 0xff"),
    ],
)
def test_malformed_files_are_refused_with_their_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_conll(_file(tmp_path, text))


def test_missing_files_and_wrong_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_conll(tmp_path / "none.txt")
    with pytest.raises(DataError, match="a folder"):
        read_conll(tmp_path)
    path = _file(tmp_path, "a I-PER\n")
    with pytest.raises(SettingsError, match="scheme"):
        read_conll(path, scheme="bio")  # type: ignore[arg-type]


WORD = st.text(st.characters(exclude_characters=" \t\r\n", exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda word: not word.startswith(("-DOCSTART-", "\ufeff")) and not (word.isascii() and word.isdigit())
)
SENTENCE = st.lists(st.tuples(WORD, st.sampled_from(["O", "B-PER", "B-LOC"])), min_size=1, max_size=5)


@given(st.lists(SENTENCE, min_size=1, max_size=4))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows) -> None:
    path = tmp_path_factory.mktemp("conll") / "file.txt"
    sentences = [
        TaggedSentence(tuple(word for word, _ in row), tuple(tag for _, tag in row), None, number // 2)
        for number, row in enumerate(rows)
    ]
    write_conll(path, sentences)
    read = read_conll(path)
    assert [(s.words, s.tags, s.document) for s in read] == [(s.words, s.tags, s.document) for s in sentences]


@pytest.mark.parametrize("word", ["", " a", "a\nb", "-DOCSTART-"])
def test_words_that_could_not_be_read_back_are_not_written(tmp_path: Path, word: str) -> None:
    with pytest.raises(DataError, match="without line breaks"):
        write_conll(tmp_path / "file.txt", [TaggedSentence((word,), ("O",))])
    with pytest.raises(DataError, match="sentence 0"):
        write_conll(tmp_path / "file.txt", [TaggedSentence((), ())])


@needs_conll
def test_the_real_files_have_their_published_sizes() -> None:
    sizes = {}
    for name in ("eng.train", "eng.testa", "eng.testb"):
        sentences = read_conll(CONLL / name)
        sizes[name] = len(sentences)
    assert sizes == {"eng.train": 14041, "eng.testa": 3250, "eng.testb": 3453}
    assert sum(len(sentence.words) for sentence in sentences) == 46435
    assert sum(tag.startswith("B-") for sentence in sentences for tag in sentence.tags) == 5648


@needs_conll
@pytest.mark.skipif(not ATTACKED.is_file(), reason="the authors' attacked test set is not here")
def test_the_authors_attacked_copy_lines_up_with_the_clean_one() -> None:
    attacked = read_conll(ATTACKED, unescape_quotes=True)
    clean = read_conll(CONLL / "eng.testb")
    assert [len(sentence.words) for sentence in attacked] == [len(sentence.words) for sentence in clean]
    assert [sentence.tags for sentence in attacked] == [sentence.tags for sentence in clean]
    words = [word for sentence in attacked for word in sentence.words]
    assert sum(" " in word for word in words) == 11
    assert '\\"' not in words and words.count('"') == 421

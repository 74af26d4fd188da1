"""Column files in the layouts of public data sets: GermEval-2014, CoNLL-2002, CoNLL-2003, WNUT-17, CoNLL-U."""

import re
import time
from pathlib import Path

import pytest

from charbert.data.readers.conll import TaggedSentence, read_conll, write_columns, write_conll
from charbert.errors import DataError, SettingsError

GERMEVAL = (
    "#\thttp://de.example.org/wiki/Zug [2009-10-17]\n1\tHerr\tO\tO\n2\tEbner\tB-PER\tO\n3\tsah\tO\tO\n4\tFC\tB-ORG\tO\n"
    "5\tLinz\tI-ORG\tB-LOC\n\n#\tzeitung.example vom 26.02.2005 [2005-02-26]\n1\t#\tO\tO\n2\tGrazer\tB-LOCderiv\tO\n\n"
)
CONLL_2002 = "Lima NP B-LOC\n( Fpa O\nPeru NP B-LOC\n) Fpt O\n\nLa DA B-ORG\nRed NC I-ORG\n"
CONLL_2003 = "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nacts VBZ I-VP O\n\n-DOCSTART- -X- O O\n\nAda NNP I-NP I-PER\n"
WNUT = (
    "@ada\tO\nEmpire\tB-location\nState\tI-location\n\u200d\tO\n\ufe0f\tO\n\U0001f468\u200d\U0001f469\tO\n\t\n"
    "#\tO\nLil\tB-person\nSly-\tI-person\nTurn\tI-creative-work\nUp\tI-creative-work\n\t\nlast\tO\nline\tB-product"
)
CONLLU = "# sent_id = 1\n1\tHe\the\tPRON\tPRP\t_\t2\tnsubj\t_\t_\n2\truns\trun\tVERB\tVBZ\t_\t0\troot\t_\t_\n"


def column_file(folder: Path, text: str) -> Path:
    path = folder / "some.txt"
    path.write_bytes(text.encode())
    return path


def pairs(sentences: list[TaggedSentence]) -> list[str]:
    return [" ".join(f"{word}/{tag}" for word, tag in zip(s.words, s.tags, strict=True)) for s in sentences]


def test_germeval_is_read_with_its_index_and_source_lines(tmp_path: Path) -> None:
    path = column_file(tmp_path, GERMEVAL)
    outer, inner = (
        read_conll(path, columns=names)
        for names in (["index", "word", "tag", "other"], ["index", "word", "other", "tag"])
    )
    assert pairs(outer) == ["Herr/O Ebner/B-PER sah/O FC/B-ORG Linz/I-ORG", "#/O Grazer/B-LOCderiv"]
    assert pairs(inner)[0].endswith("Linz/B-LOC")
    assert [sentence.line for sentence in outer] == [2, 9]


def test_conll_2002_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    sentences = read_conll(column_file(tmp_path, CONLL_2002), columns=["word", "pos", "tag"])
    assert pairs(sentences) == ["Lima/B-LOC (/O Peru/B-LOC )/O", "La/B-ORG Red/I-ORG"]
    assert sentences[0].pos == ("NP", "Fpa", "NP", "Fpt")


def test_conll_2003_and_wnut_2017_are_read_as_they_are(tmp_path: Path) -> None:
    sentences = read_conll(column_file(tmp_path, CONLL_2003))
    assert (pairs(sentences), [s.document for s in sentences]) == (["EU/B-ORG acts/O", "Ada/B-PER"], [0, 1])
    reports: dict = {}
    path = column_file(tmp_path, WNUT)
    sentences = read_conll(path, reports=reports)
    assert [word for word in sentences[0].words[3:]] == ["\u200d", "\ufe0f", "\U0001f468\u200d\U0001f469"]
    assert pairs(sentences)[1:] == [
        "#/O Lil/B-person Sly-/I-person Turn/B-creative-work Up/I-creative-work",
        "last/O line/B-product",
    ]
    assert reports == {path: {"scheme": "IOB2", "converted": 1, "orphans": 1, "first_orphan": 11}}


def test_tabs_separate_the_columns_where_a_file_has_them(tmp_path: Path) -> None:
    (sentence,) = read_conll(column_file(tmp_path, "New York City\tB-LOC\nis\tO\nvery big\tO\n"))
    assert sentence.words == ("New York City", "is", "very big")
    with pytest.raises(DataError, match=r":2: expected 2 columns .*separated by tabs in the first line"):
        read_conll(column_file(tmp_path, "New York City\tB-LOC\nis O\n"))
    with pytest.raises(DataError, match=":2: expected a word, got an empty column"):
        read_conll(column_file(tmp_path, "New York City\tB-LOC\n\tO\n"))


def test_a_gap_between_columns_is_no_word_however_long(tmp_path: Path) -> None:
    path, names = column_file(tmp_path, "1 The DT\n2" + 3 * " " + "NN\n"), ["index", "word", "tag"]
    with pytest.raises(DataError, match=r":2: expected 3 columns \(index word tag\), got 2"):
        read_conll(path, columns=names, scheme="plain")
    path, begin = column_file(tmp_path, "New  York NNP x B-LOC\na" + 20_000 * " " + "b O\n"), time.process_time()
    with pytest.raises(DataError, match=r":2: expected 4 columns .*, got 3"):
        read_conll(path, columns=["word", "pos", "other", "tag"])
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        (GERMEVAL, "auto"),
        (GERMEVAL.replace("\t", " "), "auto"),
        (CONLL_2002, "auto"),
        ("0\tEs\tO\n1\tging\tO\n2\tAda\tB-PER\n", "auto"),
        ("1\tThe\tDT\n2\tcat\tNN\n3\tsat\tVB\n", "plain"),
        ("The DT B-NP\ncat NN I-NP\nsat VB O\n", "plain"),
    ],
)
def test_the_setting_in_the_error_reads_the_file(tmp_path: Path, text: str, scheme: str) -> None:
    path = column_file(tmp_path, text)
    with pytest.raises(DataError, match=r"some\.txt:\d: ") as error:
        read_conll(path, columns=["word", "tag"] if scheme == "plain" else None, scheme=scheme)  # type: ignore[arg-type]
    names = re.search(r"set task\.columns\.names=\[([\w,]+)\]", str(error.value))
    assert names is not None, error.value
    sentences = read_conll(path, columns=names.group(1).split(","), scheme=scheme)  # type: ignore[arg-type]
    assert not any(word.isdigit() or " " in word for sentence in sentences for word in sentence.words)


def test_comments_are_left_out_and_words_with_their_sign_are_not(tmp_path: Path) -> None:
    text = "# id 7 domain=en\n# _ _ O\nAda _ _ B-PER\n\n#Riga _ _ B-LOC\n"
    assert pairs(read_conll(column_file(tmp_path, text))) == ["#/O Ada/B-PER", "#Riga/B-LOC"]
    assert pairs(read_conll(column_file(tmp_path, "#\tO\n#Riga\tLOC\n\n#Ada\tPER\n"))) == [
        "#/O #Riga/B-LOC",
        "#Ada/B-PER",
    ]
    with pytest.raises(DataError, match=":3: expected 2 columns"):
        read_conll(column_file(tmp_path, "Ada\tB-PER\n\n#Riga\n"))


def test_numbers_that_do_not_count_are_words(tmp_path: Path) -> None:
    (sentence,) = read_conll(column_file(tmp_path, "1\tO\n1\tO\n0\tO\n"))
    assert sentence.words == ("1", "1", "0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ada,B-PER\nmet,O\n", r"got 1; the columns look separated by commas; separate them by tabs"),
        ('{"tokens": ["Ada"], "ner_tags": ["O"]}\n', r"got JSON; .*named \.jsonl"),
        (CONLLU, r"got 10; the file looks like CoNLL-U; name it \.conllu"),
        ("word\ttag\nAda\tB-PER\n", r":1: .*got 'tag'; is the first line a header"),
        ("Ada NNP\nmet VBD\n", r":1: .*got 'NNP'; other tags for every word are read with task=pos"),
        ("Ada B\nmet O\n", r":1: .*got 'B'; give it a type, as B-ENTITY"),
    ],
)
def test_a_file_of_another_form_is_named_with_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_conll(column_file(tmp_path, text))


def test_another_encoding_is_named_with_the_command_that_converts_it(tmp_path: Path) -> None:
    path = tmp_path / "some.txt"
    for encoding in ("WINDOWS-1252", "UTF-16", "UTF-16LE"):
        path.write_bytes("Pérez B-PER\n".encode(encoding))
        with pytest.raises(DataError, match=f":1: expected UTF-8 text.*iconv -f {encoding} -t UTF-8 some.txt"):
            read_conll(path)
    path.write_bytes("Şehir B-LOC\n".encode("WINDOWS-1254"))
    with pytest.raises(DataError, match=r"WINDOWS-1252 is for Western Europe: take .* -1254 for Turkish"):
        read_conll(path)


def test_a_spreadsheet_or_archive_is_named_as_one(tmp_path: Path) -> None:
    path = tmp_path / "some.xlsx"
    path.write_bytes(b"PK\x03\x04\x14\x00\x06\x00\xff\xff")
    with pytest.raises(DataError, match="spreadsheet or an archive"):
        read_conll(path)


def test_carriage_returns_alone_end_lines(tmp_path: Path) -> None:
    text = "Ada B-PER\nmet O\n\nBo B-PER\n"
    path = tmp_path / "some.txt"
    path.write_bytes(text.replace("\n", "\r").encode())
    assert read_conll(path) == read_conll(column_file(tmp_path, text))


def test_no_names_are_suggested_for_the_words_of_a_plain_text(tmp_path: Path) -> None:
    with pytest.raises(DataError) as failure:
        read_conll(column_file(tmp_path, "Ada " * 40 + "O\n"))
    assert len(str(failure.value)) < 300


@pytest.mark.parametrize("columns", [["word"], ["tag"], ["word", "tag", "tag"], ["index", "word", "word", "tag"]])
def test_columns_without_one_word_and_one_tag_are_refused(tmp_path: Path, columns: list[str]) -> None:
    with pytest.raises(SettingsError, match=r"task\.columns\.names must name one column word and one tag"):
        read_conll(column_file(tmp_path, CONLL_2002), columns=columns)


@pytest.mark.parametrize("columns", [["index", "word", "tag", "other"], ["tag", "word"], ["word", "pos", "tag"]])
def test_named_columns_are_written_and_read_back_with_their_documents(tmp_path: Path, columns: list[str]) -> None:
    sentences = [
        TaggedSentence(("#", "New York", "1"), ("O", "B-LOC", "O"), None, 0),
        TaggedSentence(("2", "Ada"), ("O", "B-PER"), None, 1),
    ]
    write_columns(tmp_path / "again", sentences, columns)
    read = read_conll(tmp_path / "again", columns=columns)
    assert [(s.words, s.tags, s.document) for s in read] == [(s.words, s.tags, s.document) for s in sentences]


def test_a_file_with_a_blank_in_every_word_comes_back(tmp_path: Path) -> None:
    sentences = [TaggedSentence(("New York", "San Marino", "Saint Malo"), ("B-LOC", "B-LOC", "B-LOC"))]
    write_conll(tmp_path / "again", sentences)
    assert read_conll(tmp_path / "again")[0].words == sentences[0].words

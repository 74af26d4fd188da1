from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.glue import LabeledText, read_glue, write_glue
from charbert.errors import DataError

COLUMNS = ColumnSettings(
    first="question",
    second="sentence",
    row_id="index",
    label_names={"entailment": "entailment", "not_entailment": "not_entailment"},
)
SINGLE = ColumnSettings(
    names=["source", "label", "mark", "sentence"], label_names={"0": "unacceptable", "1": "acceptable"}
)
HEADER = "index\tquestion\tsentence\tlabel"


def table(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "dev.tsv"
    path.write_bytes((end.join(lines) + end).encode())
    return path


def test_columns_are_found_by_their_names_in_any_order(tmp_path: Path) -> None:
    path = table(tmp_path, "label\textra\tsentence\tindex\tquestion", "entailment\tx\tIt rains.\t7\tDoes it?")
    assert read_glue(path, COLUMNS) == [LabeledText("Does it?", "It rains.", "entailment", "7")]


def test_a_file_without_header_is_read_by_the_names_in_the_settings(tmp_path: Path) -> None:
    rows = read_glue(table(tmp_path, "ab1\t1\t\tCats sleep.", "ab1\t0\t*\tCats sleeps."), SINGLE)
    assert [(row.first, row.second, row.label) for row in rows] == [
        ("Cats sleep.", None, "acceptable"),
        ("Cats sleeps.", None, "unacceptable"),
    ]


def test_a_quotation_mark_is_a_character_like_any_other(tmp_path: Path) -> None:
    path = table(tmp_path, HEADER, '0\t"Who said "no?\tShe said "no.\tentailment', '1\tB?\t"C"\tentailment')
    first, second = read_glue(path, COLUMNS)
    assert (first.first, first.second, second.second) == ('"Who said "no?', 'She said "no.', '"C"')


def test_quotes_of_a_csv_writer_are_taken_off_when_asked(tmp_path: Path) -> None:
    path = table(tmp_path, HEADER, '0\t"Who said ""no""?"\tShe did.\tentailment', end="\r\n")
    (row,) = read_glue(path, COLUMNS, unquote_fields=True)
    assert (row.first, row.second) == ('Who said "no"?', "She did.")


def test_quotes_of_a_csv_writer_are_warned_of_where_they_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = (HEADER, '0\t"Who said ""no""?"\tShe did.\tentailment')
    read_glue(table(tmp_path, HEADER, '0\t"Who?"\tShe.\tentailment'), COLUMNS)
    assert not caplog.records
    path = table(tmp_path, *lines)
    assert read_glue(path, COLUMNS)[0].first == '"Who said ""no""?"'
    assert "name it .csv" in caplog.text
    assert read_glue(path.rename(path.with_suffix(".csv")), COLUMNS)[0].first == 'Who said "no"?'


def test_quotes_stay_where_no_csv_writer_can_have_put_them(tmp_path: Path) -> None:
    path = table(tmp_path, HEADER, '0\t"A" or "B"?\tC "D".\tentailment', '1\t"E"\tF.\tentailment')
    first, second = read_glue(path, COLUMNS, unquote_fields=True)
    assert (first.first, second.first) == ('"A" or "B"?', '"E"')


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = table(tmp_path, "\ufeff" + HEADER, "0\tA?\tB.\tentailment")
    assert read_glue(path, COLUMNS)[0].row_id == "0"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((HEADER, "0\tA?\tB.\tentailment", "1\tC?\tD.\tmaybe"), r"dev\.tsv:3: expected a label of .*'maybe'"),
        ((HEADER, "0\tA?\tB.\tentailment", HEADER), r":3: .*header in the middle"),
        (("0\tA?\tB.\tentailment", HEADER), r":1: expected a header .*is in line 2"),
        ((HEADER, "0\tA?\tentailment"), r":2: expected 4 columns .*got 3"),
        ((HEADER, "0\tA?\tB\t.\tentailment"), r":2: expected 4 columns .*got 5"),
        ((HEADER, "0\tA?\t \tentailment"), r":2: expected a text in sentence"),
        ((HEADER, "0\tA?\tB.\tentailment", "0\tC?\tD.\tentailment"), r":3: expected ids that occur once.*:2"),
        ((HEADER,), "expected at least one row"),
        (("index\tquestion\tsentence",), r":1: expected a header .*without label"),
    ],
)
def test_bad_input_is_refused_with_its_line(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_glue(table(tmp_path, *lines), COLUMNS)


def test_a_header_in_a_file_that_has_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r":1: expected a label of .*header"):
        read_glue(table(tmp_path, "source\tlabel\tmark\tsentence", "ab1\t1\t\tCats sleep."), SINGLE)


def test_only_as_many_broken_rows_as_allowed_are_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, HEADER, "0\tcut", "1\tA?\tB.\tentailment", "2\t\tB.\tentailment")
    some = ColumnSettings(first="question", second="sentence", row_id="index", broken_rows=2)
    assert [row.row_id for row in read_glue(path, some)] == ["1"]
    fewer = ColumnSettings(first="question", second="sentence", row_id="index", broken_rows=1)
    with pytest.raises(DataError, match=":4:"):
        read_glue(path, fewer)


def test_a_missing_file_and_a_wrong_encoding_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_glue(tmp_path / "none.tsv", COLUMNS)
    path = table(tmp_path, HEADER, "0\tA?\tB.\tentailment")
    path.write_bytes(path.read_bytes() + b"1\t\xe9\tB.\tentailment\n")
    with pytest.raises(DataError, match=r":3: expected UTF-8"):
        read_glue(path, COLUMNS)


TEXTS = st.text(st.characters(exclude_characters="\t\r\n", exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from(["entailment", "not_entailment"])), min_size=1))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, triples: list[tuple[str, str, str]]
) -> None:
    rows = [LabeledText(first, second, label, str(number)) for number, (first, second, label) in enumerate(triples)]
    path = tmp_path_factory.mktemp("glue") / "dev.tsv"
    write_glue(path, rows, COLUMNS)
    assert read_glue(path, COLUMNS) == rows


def test_a_file_without_header_is_written_without_one(tmp_path: Path) -> None:
    rows = [LabeledText("Cats sleep.", None, "acceptable"), LabeledText("Cats.", None, "unacceptable")]
    write_glue(tmp_path / "dev.tsv", rows, SINGLE)
    assert (tmp_path / "dev.tsv").read_text().splitlines()[0] == "\t1\t\tCats sleep."
    assert read_glue(tmp_path / "dev.tsv", SINGLE) == rows


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\rb", ""])
def test_nothing_is_written_when_a_text_could_not_be_read_back(tmp_path: Path, text: str) -> None:
    rows = [LabeledText("fine", "fine", "entailment", "0"), LabeledText(text, "fine", "entailment", "1")]
    with pytest.raises(DataError, match="in row 1"):
        write_glue(tmp_path / "dev.tsv", rows, COLUMNS)
    assert not list(tmp_path.iterdir())

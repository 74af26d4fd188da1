import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charbert.deploy.correct.files import Change, correct_files, correct_lines
from charbert.errors import DataError
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import REPAIR
from charbert.text.words import split_words

CORRECTOR = DictionaryCorrector({"the": 900, "keeper": 30, "counted": 20, "ships": 10}, REPAIR)


class Upper:
    """Changes every word, so that a lost or merged line shows."""

    def correct_many(self, sentences):
        return [[f"{word}X" for word in words] for words in sentences]


def written(corrector, names, monkeypatch: pytest.MonkeyPatch, stdin: bytes = b"", **options) -> bytes:
    class Standard:
        buffer = io.BytesIO()

    class Given:
        buffer = io.BytesIO(stdin)

    Standard.buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Standard)
    monkeypatch.setattr(sys, "stdin", Given)
    correct_files(corrector, [str(name) for name in names], progress=False, **options)
    return Standard.buffer.getvalue()


def test_words_change_and_everything_else_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "  The  kepeer\tcuonted: 7 Shisp!\r\n\r\n\n\u2028The keeper\u0085 counted\rthe ships; «kepeer».\nno end"
    given = text.encode()
    expected = given.replace(b"kepeer", b"keeper").replace(b"cuonted", b"counted").replace(b"Shisp", b"Ships")
    assert written(CORRECTOR, [], monkeypatch, given) == expected


@pytest.mark.parametrize(
    "address", ["http://kepeer.org/cuonted?the=kepeer", "www.kepeer.org", "kepeer.cuonted@shps.org"]
)
def test_an_address_is_not_corrected(address: str) -> None:
    lines = [f"The kepeer cuonted ({address}), shps: {address}.", "The kepeer."]
    assert [line.text for line in correct_lines(lines, CORRECTOR)] == [
        f"The keeper counted ({address}), ships: {address}.",
        "The keeper.",
    ]


def test_changes_have_the_places_of_the_given_line() -> None:
    (line,) = correct_lines(["A kepeer cuonted."], CORRECTOR)
    assert line.text == "A keeper counted."
    assert line.changes == [Change(2, 8, "kepeer", "keeper"), Change(9, 16, "cuonted", "counted")]


def test_json_lines_say_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    given = "Ä kepeer\r\n\nthe ships".encode()
    rows = [json.loads(row) for row in written(CORRECTOR, [], monkeypatch, given, jsonl=True).splitlines()]
    assert rows == [
        {"text": "Ä keeper", "changes": [{"start": 2, "end": 8, "before": "kepeer", "after": "keeper"}]},
        {"text": "", "changes": []},
        {"text": "the ships", "changes": []},
    ]


def test_the_last_line_of_a_file_is_not_merged_with_the_next_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"one": b"kepeer", "empty": b"", "bom": b"\xef\xbb\xbfthe\n", "last": b"ships"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    names = [tmp_path / name for name in contents]
    assert written(CORRECTOR, names, monkeypatch) == b"keeper\nthe\nships"
    (tmp_path / "out").write_text("old")
    assert written(CORRECTOR, names, monkeypatch, output=tmp_path / "out") == b""
    assert (tmp_path / "out").read_bytes() == b"keeper\nthe\nships"


def test_bad_files_are_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("the ships\n")
    bad.write_bytes(b"the\nshi\xffps\n")
    with pytest.raises(DataError, match=r"bad:2: expected UTF-8 text, got byte 0xff"):
        written(CORRECTOR, [good, bad], monkeypatch, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(DataError, match="standard input:1: expected UTF-8"):
        written(CORRECTOR, ["-"], monkeypatch, b"\xff")
    with pytest.raises(DataError, match="good: expected a file to write, got one of the inputs"):
        written(CORRECTOR, [good], monkeypatch, output=good)
    with pytest.raises(DataError, match="none: expected a file of texts, got no such file"):
        written(CORRECTOR, [tmp_path / "none"], monkeypatch)


@given(text=st.text(alphabet="ab '-.\r\n\t\u2028\u0085é7"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_line_is_lost_or_merged_and_no_space_changes(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    output = written(Upper(), [], monkeypatch, text.encode()).decode()
    assert output.replace("X", "") == text
    assert output.count("X") == sum(len(split_words(line)) for line in text.split("\n"))

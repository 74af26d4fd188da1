from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, Entities

from charbert.data.readers.tag_schemes import TagReport, to_iob2
from charbert.errors import DataError

PATH = Path("tags.txt")
SPANS = st.lists(st.tuples(st.sampled_from(["PER", "LOC", ""]), st.integers(1, 3)), max_size=6)
"""Entities of a sentence with their lengths; no type: words outside."""

WRITERS = {
    "IOB1": (IOB1, lambda kind, size, before: ["B" if before == kind else "I", *"I" * (size - 1)]),
    "IOB2": (IOB2, lambda kind, size, before: ["B", *"I" * (size - 1)]),
    "IOBES": (IOBES, lambda kind, size, before: ["S"] if size == 1 else ["B", *"I" * (size - 2), "E"]),
    "BILOU": (BILOU, lambda kind, size, before: ["U"] if size == 1 else ["B", *"I" * (size - 2), "L"]),
}


def written(scheme: str, spans: list[tuple[str, int]]) -> list[str]:
    tags: list[str] = []
    before = ""
    for kind, size in spans:
        prefixes = WRITERS[scheme][1](kind, size, before) if kind else []
        tags += [f"{prefix}-{kind}" for prefix in prefixes] or ["O"] * size
        before = kind
    return tags


def entities(tags: list[str] | tuple[str, ...], scheme: type) -> list[tuple]:
    return [entity.to_tuple()[1:] for entity in Entities([list(tags)], scheme=scheme).entities[0]]


def convert(*rows: str, strict: bool = False) -> tuple[list[str], TagReport]:
    converted, report = to_iob2(
        PATH, [(row.split(), 1 + 10 * number) for number, row in enumerate(rows)], strict=strict
    )
    return [" ".join(tags) for tags in converted], report


@given(SPANS)
@pytest.mark.parametrize("scheme", WRITERS)
def test_the_entities_that_seqeval_reads_strictly_stay_the_same(scheme: str, spans: list[tuple[str, int]]) -> None:
    tags = written(scheme, spans)
    (converted,), report = to_iob2(PATH, [(tags, 1)], strict=True)
    assert entities(converted, IOB2) == entities(tags, WRITERS[scheme][0])
    assert report.orphans == 0


@pytest.mark.parametrize(
    ("tags", "expected", "scheme", "converted"),
    [
        ("S-PER O B-LOC E-LOC", "B-PER O B-LOC I-LOC", "IOBES", 2),
        ("U-PER U-PER B-LOC I-LOC L-LOC", "B-PER B-PER B-LOC I-LOC I-LOC", "BILOU", 3),
        ("B-PER M-PER E-PER S-LOC", "B-PER I-PER I-PER B-LOC", "BMES", 3),
        ("I-PER I-PER O I-PER I-LOC", "B-PER I-PER O B-PER B-LOC", "IO", 3),
        ("PER PER O PER LOC", "B-PER I-PER O B-PER B-LOC", "types", 4),
        ("I-PER B-PER O", "B-PER B-PER O", "IOB1", 1),
        ("B-PER I-PER B-PER", "B-PER I-PER B-PER", "IOB2", 0),
        ("O O", "O O", "IOB2", 0),
    ],
)
def test_each_scheme_is_recognized_and_converted(tags: str, expected: str, scheme: str, converted: int) -> None:
    assert convert(tags) == ([expected], TagReport(scheme, converted, 0))


def test_a_tag_that_continues_nothing_is_read_as_a_beginning_and_counted() -> None:
    rows, report = convert("B-PER O", "O I-PER I-PER", "B-LOC I-PER")
    assert rows == ["B-PER O", "O B-PER I-PER", "B-LOC B-PER"]
    assert report == TagReport("IOB2", 2, 2, 12)
    rows, report = convert("S-PER E-PER I-PER O B-PER E-PER")
    assert (rows, report.orphans) == (["B-PER B-PER B-PER O B-PER I-PER"], 2)


def test_such_a_tag_is_refused_if_asked() -> None:
    with pytest.raises(
        DataError, match=r"tags\.txt:12: expected B- at the start of an entity, as in line 1, got I-PER"
    ):
        convert("B-PER O", "O I-PER", strict=True)
    assert convert("I-PER O", "O I-PER", strict=True)[1].scheme == "IO"


@pytest.mark.parametrize("tags", ["NN VB", "O X-PER", "B-PER PER O", "O B", "B-"])
def test_tags_of_no_scheme_are_refused(tags: str) -> None:
    with pytest.raises(DataError, match=r"tags\.txt:\d: expected a tag O, B-TYPE or I-TYPE"):
        convert(tags)


@pytest.mark.parametrize("tags", ["O B_PER I_PER O B_LOC", "O PER-B PER-I O LOC-B", "O PER_B PER_E O LOC_S"])
def test_prefixes_with_another_sign_or_behind_the_type_are_no_types(tags: str) -> None:
    with pytest.raises(DataError, match=r"tags\.txt:2: expected a tag O, B-TYPE .* write B-PER, and the other tags so"):
        convert(tags)


def test_types_with_such_letters_beside_others_are_types() -> None:
    assert convert("E_MAIL O PER O")[0] == ["B-E_MAIL O B-PER O"]


@pytest.mark.parametrize(
    ("tags", "hint"), [("o b-per", "write O, and"), ("b-per o", "write B-per, and"), ("B-PER 0", "write the letter O")]
)
def test_tags_in_lower_case_and_the_digit_are_named(tags: str, hint: str) -> None:
    with pytest.raises(DataError, match=hint):
        convert(tags)


def test_what_was_done_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for tags in ("PER O", "B-PER I-LOC"):
        convert(tags)[1].log(PATH)
    assert "tags in types without a prefix read as IOB2; adjacent words of one type are one entity" in caplog.text
    assert "1 tags that continue no entity read as B-, the first in line 2" in caplog.text

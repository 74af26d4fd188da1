import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import DataError
from charbert.text.rows import (
    exclusive_cumsum,
    flatten_rows,
    gather,
    gather_optional,
    pad_rows,
    split_rows,
    spread,
    sum_rows,
)

VALUES = st.integers(-(2**40), 2**40)
ROWS = st.lists(st.lists(VALUES, max_size=6), min_size=1, max_size=6)


def flat(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return gather(rows, sum(map(len, rows))), np.array([len(row) for row in rows])


@given(ROWS)
def test_rows_come_back_from_one_array(rows: list[list[int]]) -> None:
    values, lengths = flat(rows)
    assert split_rows(values, lengths) == rows
    assert sum_rows(values, lengths).tolist() == [sum(row) for row in rows]
    assert exclusive_cumsum(lengths).tolist() == [sum(map(len, rows[:at])) for at in range(len(rows))]


@given(ROWS, st.integers(0, 3), VALUES)
def test_padding_puts_each_row_at_the_left_of_its_own(rows: list[list[int]], spare: int, fill: int) -> None:
    values, lengths = flat(rows)
    width = int(lengths.max()) + spare
    assert pad_rows(values, lengths, width, fill).tolist() == [row + [fill] * (width - len(row)) for row in rows]
    if width > spare:
        with pytest.raises(DataError, match="does not fit"):
            pad_rows(values, lengths, int(lengths.max()) - 1, fill)
    assert pad_rows(values[:0], lengths[:0], width, fill).shape == (0, width)


@given(st.integers(0, 4).flatmap(lambda n: st.lists(st.lists(VALUES, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_a_batch_is_the_same_in_every_form(rows: list[list[int]]) -> None:
    expected = [value for row in rows for value in row]
    for form in (rows, np.array(rows), torch.tensor(rows)):
        values, lengths, is_batch = flatten_rows(form)
        assert (values.tolist(), lengths.tolist(), is_batch) == (expected, [len(row) for row in rows], True)
    values, lengths, is_batch = flatten_rows(rows[0])
    assert (values.tolist(), lengths.tolist(), is_batch) == (rows[0], [len(rows[0])], False)


@given(ROWS)
def test_ragged_rows_are_flattened(rows: list[list[int]]) -> None:
    values, lengths, is_batch = flatten_rows(rows)
    assert (split_rows(values, lengths), is_batch) == (rows, True)


@given(st.lists(st.lists(st.none() | st.integers(0, 2**40), max_size=4), max_size=4))
def test_none_becomes_minus_one(rows: list[list[int | None]]) -> None:
    assert gather_optional(rows).tolist() == [-1 if value is None else value for row in rows for value in row]


@given(st.lists(st.booleans(), max_size=12))
def test_spread_values_stand_at_their_places(taken: list[bool]) -> None:
    places = np.flatnonzero(taken)
    values = spread(places + 1, places, len(taken))
    assert values.tolist() == [at + 1 if here else 0 for at, here in enumerate(taken)]

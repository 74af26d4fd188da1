"""Rows of different lengths as one flat array and the length of each row.

Shapes: R rows, N values of all rows.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from charbert.errors import DataError
from charbert.text.codepoints import IntArray


def exclusive_cumsum(lengths: IntArray) -> IntArray:
    """Return the start of each of several concatenated rows."""
    begins = np.zeros(len(lengths), np.int64)
    np.cumsum(lengths[:-1], out=begins[1:])
    return begins


def sum_rows(values: IntArray, row_lengths: IntArray) -> IntArray:
    """Return the sum of each row of the flat ``values``; an empty row gives 0."""
    total = np.append(0, np.cumsum(values))
    stops = np.cumsum(row_lengths)
    return total[stops] - total[stops - row_lengths]


def pad_rows(values: IntArray, row_lengths: IntArray, width: int, fill: int) -> IntArray:
    """Return flat rows as a matrix (R, width) int64, padded with ``fill``.

    Raises:
        DataError: if a row is longer than ``width``.
    """
    longest = int(row_lengths.max(initial=0))
    if longest > width:
        raise DataError(f"a row of {longest} values does not fit a width of {width}")
    matrix = np.full((len(row_lengths), width), fill, np.int64)
    shifts = np.arange(len(row_lengths)) * width - exclusive_cumsum(row_lengths)
    matrix.reshape(-1)[np.repeat(shifts, row_lengths) + np.arange(len(values))] = values
    return matrix


def split_rows(values: IntArray, row_lengths: IntArray) -> list[list[int]]:
    """Return flat rows as one list per row."""
    flat = values.tolist()
    stops = np.cumsum(row_lengths).tolist()
    return [flat[stop - length : stop] for stop, length in zip(stops, row_lengths.tolist(), strict=True)]


def gather(rows: Iterable[Iterable[int]], total: int) -> IntArray:
    """Return the ``total`` values of all rows as a flat array, int64."""
    return np.fromiter(chain.from_iterable(rows), np.int64, total)


def spread(values: IntArray, places: IntArray, total: int) -> IntArray:
    """Return ``total`` values, int64: the given ones at their places, 0 elsewhere."""
    if len(values) == total:
        return values
    whole = np.zeros(total, np.int64)
    whole[places] = values
    return whole


def gather_optional(rows: Iterable[Iterable[int | None]]) -> IntArray:
    """Return the values of all rows as a flat array, int64, with -1 for None."""
    values = np.array(list(chain.from_iterable(rows)), np.float64)  # makes None not-a-number
    return np.nan_to_num(values, nan=-1.0).astype(np.int64)


def flatten_rows(rows: Any) -> tuple[IntArray, IntArray, bool]:
    """Return the values of one row or several, (N,) int64, the length of each, and whether the input was a batch.

    Args:
        rows: a list, or a list of lists; a NumPy array or a tensor of one dimension or two.
    """
    if hasattr(rows, "cpu"):
        rows = rows.cpu().numpy()
    if isinstance(rows, np.ndarray):
        matrix = np.atleast_2d(rows)
        lengths = np.full(matrix.shape[0], matrix.shape[1], np.int64)
        return matrix.reshape(-1).astype(np.int64), lengths, rows.ndim > 1
    is_batch = len(rows) > 0 and not np.isscalar(rows[0])
    batch: Sequence[Sequence[int]] = rows if is_batch else [rows]
    lengths = np.fromiter(map(len, batch), np.int64, len(batch))
    return gather(batch, int(lengths.sum())), lengths, is_batch

import numpy as np
import pytest
import torch

from charbert.batch import IGNORED_LABEL
from charbert.data.collate import PadCollator
from charbert.errors import DataError

PAD_VALUES = {"input_ids": 9, "attention_mask": 0, "char_input_ids": 7}


def test_rows_are_padded_each_with_its_own_value() -> None:
    batch = PadCollator(PAD_VALUES)(
        [
            {"input_ids": [1, 2, 3], "char_input_ids": np.arange(5), "mlm_labels": [4, 5, 6], "labels": [1, 2, 3]},
            {"input_ids": np.array([1]), "char_input_ids": [2], "mlm_labels": [4], "labels": (1,)},
        ]
    )
    assert batch["input_ids"].tolist() == [[1, 2, 3], [1, 9, 9]]
    assert batch["char_input_ids"].tolist() == [[0, 1, 2, 3, 4], [2, 7, 7, 7, 7]]
    assert batch["mlm_labels"].tolist() == [[4, 5, 6], [4, IGNORED_LABEL, IGNORED_LABEL]]
    assert batch["labels"].tolist() == [[1, 2, 3], [1, IGNORED_LABEL, IGNORED_LABEL]]
    assert all(column.dtype == torch.int64 for column in batch.values())


def test_numbers_are_stacked() -> None:
    examples = [
        {"labels": 1, "start_positions": 4, "example_ids": np.int64(8)},
        {"labels": 0, "start_positions": 2, "example_ids": 3},
    ]
    batch = PadCollator(PAD_VALUES)(examples)
    assert {name: column.tolist() for name, column in batch.items()} == {
        "labels": [1, 0],
        "start_positions": [4, 2],
        "example_ids": [8, 3],
    }
    scores = PadCollator({})([{"labels": 1.5}, {"labels": 2.0}])["labels"]
    assert scores.dtype == torch.float32


def test_widths_are_rounded_up_and_fields_renamed() -> None:
    collate = PadCollator(PAD_VALUES, pad_to_multiple_of=8, rename={"mlm_labels": "labels"})
    batch = collate([{"input_ids": [1] * 9, "mlm_labels": [1] * 9, "char_input_ids": [1] * 3}])
    assert {name: column.shape[1] for name, column in batch.items()} == {
        "input_ids": 16,
        "labels": 16,
        "char_input_ids": 8,
    }


def test_empty_rows_are_padded_too() -> None:
    assert PadCollator(PAD_VALUES)([{"input_ids": []}, {"input_ids": [1]}])["input_ids"].tolist() == [[9], [1]]


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], "without examples"),
        ([{"labels": 1}, {"example_ids": 1}], "example 1 of the batch has the fields"),
        ([{"offsets": [1, 2]}], "field offsets has one value per position and no padding value"),
        ([{"labels": [1]}, {"labels": 1}], "field labels is a row of values in one example"),
        ([{"labels": "cat"}], "field labels must hold numbers, got 'cat'"),
    ],
)
def test_examples_that_do_not_fit_are_refused(examples: list[dict], message: str) -> None:
    with pytest.raises(DataError, match=message):
        PadCollator(PAD_VALUES)(examples)

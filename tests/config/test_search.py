import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.search import Dimension, SearchSettings
from charbert.errors import SettingsError


@given(st.floats(1e-6, 10), st.floats(1, 1e4), st.integers(1, 9), st.booleans())
def test_a_grid_covers_its_range_with_both_ends(low: float, factor: float, points: int, log: bool) -> None:
    dimension = Dimension(low=low, high=low * factor, log=log, points=points)
    grid = dimension.grid()
    assert grid == sorted(set(grid)) and len(grid) <= points
    assert grid[0] == pytest.approx(low) and low <= min(grid) and max(grid) <= low * factor
    assert points == 1 or grid[-1] == pytest.approx(low * factor)


def test_a_logarithmic_grid_has_equal_factors_and_a_whole_one_no_value_twice() -> None:
    assert Dimension(low=1e-5, high=1e-3, log=True).grid() == pytest.approx([1e-5, 1e-4, 1e-3])
    assert Dimension(low=1, high=3, integer=True, points=9).grid() == [1, 2, 3]
    assert Dimension(choices=["lora", "full"]).grid() == ["lora", "full"]


@pytest.mark.parametrize(
    ("dimension", "message"),
    [
        (Dimension(), "choices, or low and high"),
        (Dimension(low=2, high=1), "low <= high"),
        (Dimension(low=0, high=1, log=True), r"low must be positive"),
        (Dimension(low=0.5, high=3, integer=True), "whole numbers"),
        (Dimension(low=1, choices=[1]), "no range"),
        (Dimension(choices=[[1]]), "single values"),
        (Dimension(low=1, high=2, points=0), "points must be at least 1"),
        (Dimension(low=math.nan, high=2), "low <= high"),
    ],
)
def test_values_that_make_no_sense_are_refused_with_the_setting(dimension: Dimension, message: str) -> None:
    with pytest.raises(SettingsError, match=rf"search\.space\[seed\].*{message}"):
        SearchSettings(space={"seed": dimension})


@pytest.mark.parametrize("change", [{"trials": 0}, {"processes": 0}, {"startup_trials": 0}, {"warmup_evaluations": -1}])
def test_numbers_out_of_range_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match=f"search.{next(iter(change))}"):
        SearchSettings(**change)

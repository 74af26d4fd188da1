from dataclasses import dataclass
from math import inf, nan

import pytest

from charbert.config.checks import OWN_SETS, check_range
from charbert.config.data.noise import AttackSettings
from charbert.config.data.sets import SetFiles
from charbert.errors import SettingsError


@dataclass
class Section:
    size: float | None = None
    rate: float = 0.5


@pytest.mark.parametrize(
    ("interval", "inside", "outside", "words"),
    [
        ("[1, inf)", (1, 7), (0, nan, inf), "at least 1"),
        ("[0, inf)", (0,), (-1,), "0 or more"),
        ("(0, inf)", (0.1,), (0, -1), "positive"),
        ("[0, 1)", (0, 0.9), (1, -0.1), r"in \[0, 1\)"),
        ("(0, 1]", (1,), (0, 1.1), r"in \(0, 1\]"),
    ],
)
def test_values_outside_an_interval_are_refused(
    interval: str, inside: tuple[float, ...], outside: tuple[float, ...], words: str
) -> None:
    for value in inside:
        check_range("part", Section(rate=value), interval, "size", "rate")
    for value in outside:
        with pytest.raises(SettingsError, match=rf"^part\.rate must be {words}, got {value}"):
            check_range("part", Section(rate=value), interval, "rate")
        with pytest.raises(SettingsError, match=rf"^size must be {words} or null, got {value}"):
            check_range("", Section(size=value), interval, "size")


@pytest.mark.parametrize("name", OWN_SETS)
def test_an_attacked_set_never_takes_the_place_of_another_set(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"^attack\.name must not use the name of another set .*, got {name};"):
        AttackSettings(name=name)
    with pytest.raises(SettingsError, match=rf"attacked\) must not use the name of another set .*, got {name};"):
        SetFiles(attacked={name: "copy.txt"})

"""Tests of what errors say."""

import pytest

from charbert.errors import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no file\nin the folder"), "no file"),
        (ValueError("\n  no file "), "no file"),
        (OSError(), "OSError"),
        (RuntimeError("\n"), "RuntimeError"),
    ],
)
def test_first_line_is_the_first_that_says_something(error: Exception, line: str) -> None:
    assert first_line(error) == line

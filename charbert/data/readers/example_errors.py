"""Malformed examples that a reader leaves out and reports instead of raising an error."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExampleError:
    """A malformed example of a file."""

    index: int
    """Position among all examples of the file, from 0."""
    place: str
    """file:line."""
    reason: str
    """What was expected, and what was found."""
    content: str
    """The text of the example in the file."""


def positions(size: int, errors: list[ExampleError]) -> list[int]:
    """Return the position in the file of each of the ``size`` examples that were read."""
    left_out = {error.index for error in errors}
    return [index for index in range(size + len(left_out)) if index not in left_out]

"""What a reader leaves out instead of stopping, where it is asked to: kept with its place, so that nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExampleError:
    """A malformed example of a file."""

    index: int
    """Position among all examples of the file, from 0."""
    place: str
    """file:line."""
    reason: str
    """What was expected there, and what was found."""
    content: str
    """The example as it stands in the file."""


def positions(size: int, faults: list[ExampleError]) -> list[int]:
    """Return the position in the file of each of the ``size`` examples that were read."""
    left_out = {fault.index for fault in faults}
    return [index for index in range(size + len(left_out)) if index not in left_out]

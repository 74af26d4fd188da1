"""Steps applied to a few examples."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from charbert.data.readers.glue import LabeledText
from charbert.preparation.adapter import ExampleAdapter
from charbert.preparation.steps import Prepared, Row, Step, run_steps
from charbert.tasks.classification.adapter import LabeledAdapter


@pytest.fixture(scope="session")
def apply() -> Callable[..., Prepared]:
    """Return what a step makes of examples; texts alone stand for rows with the label yes."""

    def applied(step: Step, examples: Sequence[Any], adapter: ExampleAdapter[Any] | None = None) -> Prepared:
        made = [LabeledText(example, None, "yes") if isinstance(example, str) else example for example in examples]
        rows = [Row(example, index, f"file:{index + 1}") for index, example in enumerate(made)]
        return run_steps(rows, [step], adapter or LabeledAdapter())

    return applied

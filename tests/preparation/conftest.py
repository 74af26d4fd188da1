"""Steps applied to a few examples."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from charbert.data.readers.glue import LabelledText
from charbert.preparation.steps import Prepared, Row, Step, run_steps
from charbert.preparation.views import ExampleView, LabelledView


@pytest.fixture(scope="session")
def apply() -> Callable[..., Prepared[Any]]:
    """Return what a step makes of examples; texts alone stand for rows with the label yes."""

    def applied(step: Step, examples: Sequence[Any], view: ExampleView[Any] | None = None) -> Prepared[Any]:
        made = [LabelledText(one, None, "yes") if isinstance(one, str) else one for one in examples]
        rows = [Row(example, index, f"file:{index + 1}") for index, example in enumerate(made)]
        return run_steps(rows, [step], view or LabelledView())

    return applied

import re

import pytest

from charbert.config.reference import COMMAND, PAGE, render


@pytest.fixture(scope="module")
def page() -> str:
    return render()


def test_the_page_of_settings_is_up_to_date(page: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == page, f"{PAGE.name} is not up to date; write it anew with `{COMMAND}`"


def test_every_setting_has_a_docstring(page: str) -> None:
    rows = re.findall(r"^\| `([A-Za-z_.]+)` \| [^|]*\| (.*) \|$", page, re.MULTILINE)
    assert len(rows) > 150
    assert [name for name, doc in rows if not doc.strip() and name not in ("FILES.train", "FILES.dev")] == []


@pytest.mark.parametrize(
    "line",
    [
        "`RUN` is one of `trunk.pretraining`, `model.recognizer.training`,",
        "| `RUN.optimizer.max_grad_norm` | `1.0` | Gradients are clipped to this norm; 0: no clipping. |",
        "| `ATTACK.edits` | `[drop,add,swap,keyboard]` | charbert: one is drawn, uniformly, for each attacked word.",
        "| `search.space.NAME.log` | `false` | Whether the scale is logarithmic;",
        "| `noise` | `keyboard` | All four kinds of edits of the test-time attack, with the",
        "One of `none`: No normalization; `nfc`: Letters and accents are composed; the appearance does not change;",
    ],
)
def test_the_page_has_names_defaults_choices_and_descriptions(line: str, page: str) -> None:
    assert line in page


def test_the_page_shows_the_defaults_of_a_section_that_changes_them(page: str) -> None:
    tagger = re.search(r"^\| `analysis\.tagger\.training` \| `(.*?)` \|", page, re.MULTILINE)
    assert tagger is not None
    assert {"epochs: 10", "batch_size: 32", "optimizer.learning_rate: 0.001"} <= set(tagger[1].split(", "))

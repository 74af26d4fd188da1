"""The page of an explanation: complete in itself, whatever stands in the text."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from charbert.evaluation.explanation import Attribution, ExplainedText, Piece
from charbert.reporting.figures.explanation import attention_grids, attribution_strips
from charbert.reporting.render.explanation_page import render_page
from charbert.reporting.render.heat import ADDS, TAKES, css_color, map_image

NASTY = '<script>alert("1")</script>'


class Texts(HTMLParser):
    """Collects tags and what a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


def explained(*, chars: bool = True, gap: float = 0.0, word: str = NASTY) -> ExplainedText:
    pieces = [Piece("[CLS]", (), 0, None), Piece("ada", ("A", "d", "a"), 1, 0), Piece(word, ("<", "$"), 5, 1)]
    subwords = np.array([0.0, 1.5, -0.5], np.float32)
    characters = np.array([0, 0.5, 0, 0, 0, -0.25, 0], np.float32) if chars else None
    total = 1.25 if chars else 1.0
    attribution = Attribution(f"B-PER of {word}", 3.0, 3.0 - total * (1 + gap), subwords, characters, 64, 0.02)
    attention = {"token channel": np.full((2, 2, 3, 3), 1 / 3, np.float32)}
    if chars:
        attention["char channel"] = np.eye(3, dtype=np.float32)[None, None].repeat(2, 0).repeat(2, 1)
    return ExplainedText("as written", pieces, [attribution], attention)


def test_nothing_of_the_text_becomes_markup() -> None:
    page = Texts()
    page.feed(render_page(NASTY, NASTY, [explained()]))
    assert "script" not in page.tags
    assert sum(NASTY in text for text in page.seen) >= 4  # title, heading, about, subword, output


def test_the_page_needs_no_network_and_no_script_and_has_a_dark_mode() -> None:
    page = render_page("Why?", "A model.", [explained(word="lind")])
    assert not re.search(r"<script|<link|https?://|@import|url\(", page)
    assert "prefers-color-scheme: dark" in page and "color-scheme: light dark" in page
    assert page.count('src="data:image/png;base64,') == 8  # 2 channels, 2 layers, 2 heads


def test_a_subword_shows_what_it_and_its_letters_add() -> None:
    page = render_page("Why?", "A model.", [explained()])
    assert "+2.00" in page and "-0.75" in page  # 1.5 + 0.5 and -0.5 - 0.25
    assert 'title="A: +0.500"' in page
    plain = render_page("Why?", "A plain trunk.", [explained(chars=False)])
    assert 'class="letters"' not in plain and "char channel" not in plain


def test_an_incomplete_sum_says_so() -> None:
    assert "NOT complete" not in render_page("Why?", "", [explained()])
    assert "NOT complete" in render_page("Why?", "", [explained(gap=0.1)])


@pytest.mark.parametrize(("value", "name"), [(2.0, ADDS), (-2.0, TAKES)])
def test_positive_and_negative_values_have_different_colors(value: float, name: str) -> None:
    red, green, blue = (int(name[place : place + 2], 16) for place in (1, 3, 5))
    assert css_color(value, 2.0) == f"rgba({red},{green},{blue},0.750)"
    assert css_color(value, 4.0).endswith(",0.375)")
    assert css_color(0.0, 0.0).endswith(",0.000)")


def test_a_map_is_one_pixel_a_value() -> None:
    address = map_image(np.linspace(0, 1, 12).reshape(3, 4), 1.0)
    data = base64.b64decode(address.split(",")[1])
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (4, 3)


def test_figures_are_drawn_of_any_text_with_and_without_characters(tmp_path: Path) -> None:
    for texts in ([explained(), explained(word="$x_1$")], [explained(chars=False), explained(chars=False, word="$_$")]):
        for draw in (attribution_strips, attention_grids):
            png, svg = draw(texts, tmp_path, draw.__name__)
            assert png.stat().st_size > 1_000
            assert "&lt;script&gt;" in svg.read_text() and ">ada<" in svg.read_text()
            assert f">{texts[1].pieces[-1].text}<" in svg.read_text()  # and no formula

"""The demo page in headless Chromium, controlled through its debugging pipe."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, started_browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started_browser(tmp_path_factory.mktemp("browser")) as session:
        yield session


@pytest.fixture
def page(browser: Browser, service: str) -> Iterator[Browser]:
    """The page of a service that compares two models, newly opened; it must not fail or request other hosts."""
    browser.open(service, READY)
    yield browser
    assert browser.errors == []


READY = "document.querySelectorAll('#models section').length > 0"
STATUS = "document.getElementById('status').textContent"
TYPOS = "document.querySelectorAll('#models section:first-child .edited').length"


def typed(page: Browser, text: str) -> None:
    """Replace the text as a keyboard does."""
    page.run("document.getElementById('text').focus(); document.getElementById('text').select()")
    page.call("Input.insertText", text=text)


def slide(page: Browser, share: int) -> None:
    """Move the slider with the keyboard."""
    page.run("document.getElementById('share').focus()")
    page.press("Home", 36)
    for _ in range(share // 5):
        page.press("ArrowRight", 39)
    assert page.run("document.getElementById('share-shown').textContent") == f"{share} %"


@pytest.mark.slow
def test_more_noise_shows_more_typos_and_colors_the_words(page: Browser) -> None:
    assert page.run("[...document.querySelectorAll('#models h2')].map(element => element.textContent)") == [
        "CharBERT",
        "Plain trunk",
    ]
    slide(page, 0)
    page.until(f"{STATUS}.startsWith('0 words have')")
    assert page.run(TYPOS) == 0
    assert page.run("document.querySelectorAll('#models .word.s1, #models .word.s5').length") == 0
    slide(page, 100)
    page.until(f"{STATUS}.startsWith('11 words have') || {STATUS}.startsWith('10 words have')")
    assert page.run(TYPOS) >= 10
    assert page.run(
        "[...document.querySelectorAll('#models .edited')].every(element => element.title.startsWith('was '))"
    )
    moved = "document.querySelectorAll('#models section:last-child .word:is(.s1, .s2, .s3, .s4, .s5)').length"
    assert page.run(moved) > 0
    assert page.run("document.querySelectorAll('#table tbody tr').length") > 15


@pytest.mark.slow
def test_the_keyboard_reaches_everything_in_order(page: Browser) -> None:
    page.run("document.activeElement.blur()")
    reached = []
    for _ in range(6):
        page.press("Tab", 9)
        reached.append(page.run("document.activeElement.id || document.activeElement.tagName"))
        assert page.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert reached == ["text", "share", "seed", "other", "SUMMARY", "A"]
    before = page.run("document.querySelector('#models section').innerText")
    page.run("document.getElementById('other').focus()")
    page.press("Enter", 13, "\r")
    page.until(f"document.querySelector('#models section').innerText !== {json.dumps(before)}")
    assert page.run("document.getElementById('seed').value") == "4"


@pytest.mark.slow
def test_typed_markup_is_shown_as_text(page: Browser) -> None:
    hostile = "<img src=x onerror='window.broken=1'><script>window.broken=1</script> \"quoted\" &amp; 😀 Kraków"
    typed(page, hostile)
    page.until("document.querySelector('#models .line').textContent.includes('script')")
    shown = "[...document.querySelector('#models .line').querySelectorAll('.word')]"
    assert page.run(f"{shown}.map(word => word.textContent).join('')") == "".join(hostile.split())
    assert page.run("document.querySelectorAll('#models img, #models script, #table img').length") == 0
    assert page.run("window.broken === undefined")


@pytest.mark.slow
def test_an_empty_text_is_reported(page: Browser) -> None:
    typed(page, " ")
    page.until(f"{STATUS} === 'Enter a text first.'")
    assert page.run(STATUS) == "Enter a text first."
    typed(page, "Seven ships")
    page.until(f"{STATUS}.includes('CharBERT: ')")
    assert page.run("document.querySelector('#models .line').textContent.trim().length") > 0


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_fits_the_screen_and_can_be_read(page: Browser, width: int, dark: bool) -> None:
    page.resize(width, 800, dark=dark)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("[...document.querySelectorAll('textarea, input')].every(element => element.labels.length === 1)")
    small = "[...document.querySelectorAll('button, input')].filter(element => element.offsetHeight < 44).length"
    assert page.run(small) == 0
    ratios = page.run(
        """(() => {
          const parts = (color) => color.match(/[0-9.]+/g).map(Number);
          const light = (color) => parts(color).slice(0, 3).map((value) => value / 255)
            .map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
            .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
          const ground = (element) => {
            const color = getComputedStyle(element).backgroundColor;
            return parts(color)[3] === 0 && element.parentElement ? ground(element.parentElement) : color;
          };
          return [...document.querySelectorAll('main *')].filter((element) => element.innerText).map((element) => {
            const [low, high] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => a - b);
            return [(high + 0.05) / (low + 0.05), element.outerHTML.slice(0, 80)];
          });
        })()"""
    )
    assert min(ratios)[0] >= 4.5, min(ratios)
    page.resize(1280, 900)


@pytest.mark.slow
@pytest.mark.parametrize("head", ["sequence_classification", "question_answering"])
def test_the_other_heads_have_a_page(
    browser: Browser, start_service: Callable[..., str], save_model: Callable[..., Path], head: str
) -> None:
    browser.open(start_service(save_model(head), "--timeout-seconds", "300"), READY)
    shown = browser.run("document.querySelector('#models section').innerText")
    assert "Without typos" in shown and "With typos" in shown
    if head == "sequence_classification":
        assert browser.run("document.querySelectorAll('#models meter').length") == 6
    else:
        assert browser.run("document.querySelectorAll('#models .answer').length") == 2
    assert browser.run("document.querySelectorAll('#models .edited').length") > 0
    assert browser.errors == []

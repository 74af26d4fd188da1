"""The demo page in headless Chromium, controlled through its debugging pipe."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
)


class Browser:
    """A page of headless Chromium; commands go through the pipe at descriptor 3, without a driver or port."""

    def __init__(self, executable: str, folder: Path) -> None:
        (theirs_in, self._in), (self._out, theirs_out) = os.pipe(), os.pipe()
        descriptors = (3, 4, theirs_in, theirs_out)
        script = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        command = ["bash", "-c", script, executable, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        with (folder / "stderr.txt").open("wb") as log:
            self._process = subprocess.Popen(command, pass_fds=descriptors[2:], stdout=log, stderr=log)
        for descriptor in (theirs_in, theirs_out):
            os.close(descriptor)
        self._rest, self._number, self._session = b"", 0, None
        self.errors: list[str] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return what a command of the DevTools protocol gives."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._in, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._out, 1 << 16)
            assert part, "the browser has ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(event["params"]))
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.errors.append(json.dumps(event["params"]))
        if event.get("method") == "Network.requestWillBeSent":
            self.errors += [
                f"requested elsewhere: {url}"
                for url in [event["params"]["request"]["url"]]
                if not url.startswith(("http://127.0.0.1:", "data:"))
            ]

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, script: str, seconds: float = 60) -> Any:
        """Return the value of an expression once it is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"still not: {script}; the page says {self.run('document.body.innerText')}"
            time.sleep(0.05)
        return value

    def open(self, url: str) -> None:
        """Open a page and wait for its first predictions."""
        self.errors.clear()
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && document.querySelectorAll('#models section').length > 0")

    def press(self, key: str, code: int = 0, text: str | None = None) -> None:
        """Press a key where the focus is."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code} | ({"text": text} if text else {})
        self.call("Input.dispatchKeyEvent", type="keyDown", **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """Take the size of a screen, in light or dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> None:
        """Write what the whole page looks like."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(timeout=20)
        for descriptor in (self._in, self._out):
            os.close(descriptor)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    executable = next((path for name in EXECUTABLES if (path := shutil.which(name))), None)
    if executable is None:
        pytest.skip("the page is tested in Chromium, which is not installed: make browser (Debian or Ubuntu, as root)")
    session = Browser(executable, tmp_path_factory.mktemp("browser"))
    session.resize(1280, 900)
    yield session
    session.close()


@pytest.fixture
def page(browser: Browser, service: str) -> Iterator[Browser]:
    """The page of a service that compares two models, newly opened; it must not fail or request other hosts."""
    browser.open(service)
    yield browser
    assert browser.errors == []


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
    browser.open(start_service(save_model(head), "--timeout-seconds", "300"))
    shown = browser.run("document.querySelector('#models section').innerText")
    assert "Without typos" in shown and "With typos" in shown
    if head == "sequence_classification":
        assert browser.run("document.querySelectorAll('#models meter').length") == 6
    else:
        assert browser.run("document.querySelectorAll('#models .answer').length") == 2
    assert browser.run("document.querySelectorAll('#models .edited').length") > 0
    assert browser.errors == []

"""Headless Chromium, controlled through its debugging pipe, for the tests of pages."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
                if not url.startswith(("http://127.0.0.1:", "data:", "file:"))
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

    def open(self, url: str, ready: str) -> None:
        """Open a page and wait until it is loaded and an expression is true."""
        self.errors.clear()
        self.call("Page.navigate", url=url)
        self.until(f"document.readyState === 'complete' && {ready}")

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


@contextmanager
def started_browser(folder: Path) -> Iterator[Browser]:
    """Start Chromium with its profile in a folder; the test skips itself where it is not installed."""
    executable = next((path for name in EXECUTABLES if (path := shutil.which(name))), None)
    if executable is None:
        pytest.skip("the page is tested in Chromium, which is not installed: make browser (Debian or Ubuntu, as root)")
    session = Browser(executable, folder)
    session.resize(1280, 900)
    yield session
    session.close()

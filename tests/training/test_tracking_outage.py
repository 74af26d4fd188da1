"""A W&B service that hangs, drops connections or fails: the run goes on after a bounded wait, and nothing is lost."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb

from charbert.errors import SettingsError
from charbert.training.tracking import tracking_run

PATIENCE = 1.5


class Service(http.server.BaseHTTPRequestHandler):
    """Behaves badly, the way that the server's name says; ``late`` answers whether it is there, and nothing more."""

    def do_GET(self) -> None:
        way = self.server.way
        if way == "hangs" or (way == "late" and self.path != "/healthz"):
            self.server.ended.wait(60)
        if way in ("hangs", "drops"):
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        is_there = way == "late" or (way == "knows no key" and self.path == "/healthz")
        self.send_response(200 if is_there else 401 if way == "knows no key" else 500)
        self.end_headers()

    do_POST = do_GET  # noqa: N815  (the name that the server looks for)

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture(params=["hangs", "drops", "answers 500", "late", "knows no key", "is not there"])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    server.way, server.ended = request.param, threading.Event()
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    monkeypatch.setenv("HOME", str(tmp_path))
    wandb.teardown()  # a session of earlier tests has another service
    if request.param == "is not there":
        server.server_close()
        yield request.param
        return
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield request.param
    server.ended.set()
    server.shutdown()
    server.server_close()


def test_a_run_goes_on_offline_after_a_bounded_wait_and_one_warning(service: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    about = {"project": "charbert", "group": "table2", "job_type": "finetune", "name": "ner-charbert-s1"}
    about["run_id"] = "ner-abc"  # as each run has one, which the start that failed must not keep
    with (
        pytest.warns(UserWarning, match=r"within tracking\.timeout_seconds=1\.5 .*offline.*wandb sync") as caught,
        tracking_run(mode="online", folder=tmp_path / "outputs", timeout_seconds=PATIENCE, **about) as run,
    ):
        run.log({"train/loss": 1.0}, step=1)
        assert run.is_on
    assert time.monotonic() - begun < 2 * PATIENCE + 20  # its own process takes seconds to start
    assert len([warning for warning in caught if "W&B" in str(warning.message)]) == 1
    (kept,) = (tmp_path / "outputs" / "wandb").glob(f"offline-run-*-{run.id}/run-{run.id}.wandb")
    assert kept.stat().st_size > 0


def test_a_service_that_does_not_take_the_end_of_a_run_costs_one_warning(recwarn: pytest.WarningsRecorder) -> None:
    from charbert.training.tracking import TrackedRun

    class Slow:
        id, path, dir = "x", "charbert/x", "wandb/run-x/files"

        def finish(self, exit_code: int) -> None:
            raise TimeoutError

    run = TrackedRun(Slow())
    run.close(exit_code=0)
    run.close(exit_code=0)
    assert [str(warning.message) for warning in recwarn] == [
        "W&B did not receive the whole run within tracking.timeout_seconds; nothing is lost, upload the rest: "
        "wandb sync wandb/run-x"
    ]


def test_a_wait_without_end_is_refused() -> None:
    from charbert.config.schema import TrackingSettings

    with pytest.raises(SettingsError, match=r"tracking\.timeout_seconds must be positive, got 0"):
        TrackingSettings(timeout_seconds=0)

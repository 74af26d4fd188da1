"""Load and time: a model that takes as long as a test wants, behind real HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from charbert.config.serving import ServeSettings
from charbert.deploy.predict.predictor import Predictor
from charbert.deploy.serving.app import build_app
from charbert.deploy.serving.run import build_server

INPUTS = {"inputs": [{"text": "Seven ships"}]}


class _HeldBackend:
    """A model that answers when it is let, and counts its passes."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.go = threading.Event()
        self.go.set()
        self.passes = 0

    def __call__(self, batch: Any) -> Any:
        self.passes += 1
        assert self.go.wait(60)
        return self.backend(batch)


class _FailingBackend:
    """A model that breaks."""

    def __call__(self, batch: Any) -> Any:
        raise RuntimeError("a secret of ours")


@contextmanager
def served(predictor: Predictor, **settings: Any) -> Iterator[str]:
    """Serve a predictor from a thread; yield the address."""
    chosen = ServeSettings(port=0, **settings)
    server = build_server(build_app({"CharBERT": predictor}, chosen), chosen)
    server.config.port = 0
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def predictor(tagger: Path) -> Predictor:
    loaded = Predictor.load(tagger, batch_size=1)
    loaded.backend = _HeldBackend(loaded.backend)
    return loaded


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(("limits", "status"), [({"max_open": 2}, 503), ({"max_open_per_client": 2}, 429)])
def test_more_open_requests_than_allowed_are_refused_and_the_others_answered(
    predictor: Predictor, limits: dict[str, int], status: int
) -> None:
    backend: Any = predictor.backend
    with served(predictor, **limits) as address, ThreadPoolExecutor(8) as pool:
        backend.go.clear()
        first = pool.submit(httpx.post, f"{address}/predict", json=INPUTS, timeout=60)
        wait_for(lambda: backend.passes == 1)
        others = [pool.submit(httpx.post, f"{address}/predict", json=INPUTS, timeout=60) for _ in range(5)]
        wait_for(lambda: sum(request.done() for request in others) == 4)  # one more waits for the model
        assert httpx.get(f"{address}/health", timeout=60).status_code == 200
        backend.go.set()
        answers = [request.result() for request in (first, *others)]
        assert sorted(answer.status_code for answer in answers) == [200, 200] + [status] * 4
        refused = [answer for answer in answers if answer.status_code == status]
        assert all(answer.headers["retry-after"] == "1" and "reason" in answer.json() for answer in refused)
        assert httpx.post(f"{address}/predict", json=INPUTS, timeout=60).status_code == 200


def test_a_made_up_address_does_not_escape_the_limit_of_its_client(predictor: Predictor) -> None:
    backend: Any = predictor.backend
    with served(predictor, max_open_per_client=1) as address, ThreadPoolExecutor(4) as pool:
        backend.go.clear()
        first = pool.submit(httpx.post, f"{address}/predict", json=INPUTS, timeout=60)
        wait_for(lambda: backend.passes == 1)
        made_up = httpx.post(f"{address}/predict", json=INPUTS, timeout=60, headers={"x-forwarded-for": "203.0.113.9"})
        backend.go.set()
        assert (first.result().status_code, made_up.status_code) == (200, 429)


def test_an_answer_that_takes_too_long_is_given_up_and_frees_the_model(predictor: Predictor) -> None:
    backend: Any = predictor.backend
    with served(predictor, timeout_seconds=0.5) as address:
        backend.go.clear()
        answer = httpx.post(f"{address}/predict", json={"inputs": INPUTS["inputs"] * 20}, timeout=60)
        assert answer.status_code == 504
        assert "took too long" in answer.json()["reason"]
        backend.go.set()
    assert backend.passes == 1  # the pass that ran, and none of the nineteen after it


def test_what_breaks_inside_stays_inside(predictor: Predictor) -> None:
    predictor.backend = _FailingBackend()
    with served(predictor) as address:
        answer = httpx.post(f"{address}/predict", json=INPUTS, timeout=60)
        assert answer.status_code == 500
        assert answer.json() == {"reason": "the service failed; its log says why"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert httpx.get(f"{address}/health", timeout=60).status_code == 200


def test_a_question_the_model_cannot_read_gets_a_reason(reader: Path) -> None:
    with served(Predictor.load(reader)) as address:
        given = {"inputs": [{"question": "How many?", "context": "Seven ships"}, {"question": " ", "context": "So."}]}
        answer = httpx.post(f"{address}/predict", json=given, timeout=60)
        assert answer.status_code == 422
        assert answer.json()["reason"].startswith("inputs[1]: expected a question with subwords")
        shown = httpx.post(f"{address}/noise", json={"input": given["inputs"][0], "share": 1}, timeout=60).json()
        assert {word["field"] for word in shown["words"]} == {"question"}
        assert shown["noised"]["context"] == "Seven ships"
        assert shown["models"][0]["clean"]["answer"] in "Seven ships"


def test_a_model_of_pairs_says_so_in_its_description(save_model: Callable[..., Path]) -> None:
    with served(Predictor.load(save_model("sequence_classification", pairs=True))) as address:
        schemas = httpx.get(f"{address}/openapi.json", timeout=60).json()["components"]["schemas"]
        assert any(schema.get("required") == ["text", "text_pair"] for schema in schemas.values())
        alone = httpx.post(f"{address}/predict", json=INPUTS, timeout=60)
        assert (alone.status_code, alone.json()["reason"]) == (422, "inputs.0.text_pair: Field required")
        pair = {"text": "Seven ships counted", "text_pair": "before breakfast"}
        shown = httpx.post(f"{address}/noise", json={"input": pair, "share": 1.0}, timeout=60).json()
        assert {word["field"] for word in shown["words"]} == {"text", "text_pair"}
        assert len(shown["models"][0]["sensitivities"]) == len(shown["words"]) == 5


def test_a_model_without_states_is_shown_without_sensitivities(predictor: Predictor) -> None:
    with served(predictor) as address:  # the held backend gives logits only, as an exported model does
        shown = httpx.post(f"{address}/noise", json={"input": {"text": "Seven ships"}}, timeout=60).json()
        assert shown["models"][0]["sensitivities"] is None
        assert shown["models"][0]["clean"]["spans"] is not None

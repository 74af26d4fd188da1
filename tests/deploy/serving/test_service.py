"""The service as its clients meet it: a process of its own, spoken to over HTTP."""

import asyncio
import json
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from charbert.config.serving import ServeSettings
from charbert.deploy.predict.predictor import Predictor
from tests.tolerance import tolerance

TEXT = "The old lighthouse keeper counted seven ships before breakfast in Kraków."
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(service: str) -> Any:
    with httpx.Client(base_url=service, timeout=60) as http_client:
        yield http_client


def test_predictions_are_those_of_the_predictor(client: httpx.Client, tagger: Path) -> None:
    texts = [TEXT, "", TEXT[::-1]]
    answer = client.post("/predict", json={"inputs": [{"text": text} for text in texts]})
    assert answer.status_code == 200
    expected = Predictor.load(tagger).predict(texts)
    for prediction, output in zip(answer.json()["predictions"], expected, strict=True):
        assert [(span["type"], span["start"], span["end"], span["text"]) for span in prediction["spans"]] == [
            (span.type, span.start, span.end, span.text) for span in output.spans
        ]
        assert [span["score"] for span in prediction["spans"]] == pytest.approx(
            [span.score for span in output.spans], abs=1e-5
        )
    assert answer.json()["model"] == "CharBERT"


def test_words_are_answered_with_a_tag_each(client: httpx.Client, tagger: Path) -> None:
    words = [["Nobody", "in", "Krak\u00f3w,"], []]
    answer = client.post("/predict", json={"inputs": [*({"words": row} for row in words), {"text": TEXT}]})
    expected = Predictor.load(tagger).predict([{"words": row} for row in words])
    predictions = answer.json()["predictions"]
    assert [prediction["tags"] for prediction in predictions[:2]] == [list(output.tags) for output in expected]
    assert "tags" not in predictions[2]
    assert client.post("/predict", json={"inputs": [{"words": ["a"], "text": "a"}]}).status_code == 422
    long = client.post("/predict", json={"inputs": [{"words": ["a" * 60] * 90}]})
    assert (long.status_code, "characters" in long.json()["reason"]) == (422, True)


def test_health_tells_what_is_served(client: httpx.Client) -> None:
    answer = client.get("/health").json()
    assert answer["status"] == "ok"
    assert [(model["name"], model["has_characters"]) for model in answer["models"]] == [
        ("CharBERT", True),
        ("Plain trunk", False),
    ]
    assert {model["head"] for model in answer["models"]} == {"token_classification"}


def noise(client: httpx.Client, share: float, seed: int = 1) -> dict[str, Any]:
    answer = client.post("/noise", json={"input": {"text": TEXT}, "share": share, "seed": seed})
    assert answer.status_code == 200
    return answer.json()


def test_without_noise_nothing_moves(client: httpx.Client) -> None:
    shown = noise(client, 0.0)
    assert shown["noised"] == {"text": TEXT}
    for model in shown["models"]:
        assert model["clean"] == model["noised"]
        assert model["sensitivities"] == pytest.approx([0.0] * len(shown["words"]), abs=tolerance())


def test_words_say_where_they_stand_before_and_after_noise(client: httpx.Client) -> None:
    shown = noise(client, 1.0)
    noised = shown["noised"]["text"]
    for word in shown["words"]:
        assert TEXT[word["start"] : word["end"]] == word["word"]
        assert noised[word["noised_start"] : word["noised_end"]] == word["noised"]
        assert (word["edit"] is None) == (word["word"] == word["noised"])
    edited = [word for word in shown["words"] if word["edit"]]
    assert len(edited) >= 6
    for model in shown["models"]:
        assert len(model["sensitivities"]) == len(shown["words"])
        moved = [model["sensitivities"][number] for number, word in enumerate(shown["words"]) if word["edit"]]
        assert min(moved) > 0


def test_more_noise_keeps_the_typos_there_are_and_the_seed_decides(client: httpx.Client) -> None:
    edited = [{word["start"]: word["noised"] for word in noise(client, share)["words"] if word["edit"]} for share in
              (0.0, 0.3, 0.6, 1.0)]  # fmt: skip
    assert edited[0] == {}
    for less, more in pairwise(edited):
        assert less.items() <= more.items()
    assert len(edited[-1]) > len(edited[1])
    assert noise(client, 1.0) == noise(client, 1.0)
    assert noise(client, 1.0)["noised"] != noise(client, 1.0, seed=2)["noised"]


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", 422, "no JSON"),
        (b"{", 422, "no JSON"),
        (b"\xff{}", 422, "not UTF-8"),
        (b"[]", 422, "body"),
        (b"{}", 422, "inputs: Field required"),
        (b'{"inputs": []}', 422, "at least 1 item"),
        (b'{"inputs": [{"text": 1}]}', 422, "inputs.0.text: Input should be a valid string"),
        (b'{"inputs": [{"text": null}]}', 422, "valid string"),
        (b'{"inputs": [7]}', 422, "inputs.0: Input should be"),
        (b'{"inputs": [{"words": [7]}]}', 422, "inputs.0.words.0: Input should be a valid string"),
        (b'{"inputs": [{"text": "a", "x": 1}]}', 422, "not permitted"),
        (b'{"inputs": [{"text": NaN}]}', 422, "NaN, which is no JSON number"),
        (b'{"inputs": [{"text": -Infinity}]}', 422, "-Infinity, which is no JSON number"),
        (b'{"inputs": [], "inputs": [{"text": "a"}]}', 422, "the key 'inputs' more than once"),
        (b'{"inputs": 1e999}', 422, "too large"),
        (b'{"inputs": 1' + b"0" * 9000 + b"}", 422, "too large"),
        (b'{"inputs": [{"text": "\\ud800"}]}', 422, "surrogate"),
        (b'{"inputs": [{"\\udfff": "a"}]}', 422, "surrogate"),
        (b'{"inputs": [{"text": "a\x00b"}]}', 422, "control character"),
        (b"[" * 19_000, 422, "nested too deeply"),
        (json.dumps({"inputs": [{"text": "a"}] * 9}).encode(), 422, "at most 8 items"),
        (json.dumps({"inputs": [{"text": "a" * 1001}]}).encode(), 422, "at most 1000 characters"),
        (b" " * 20001, 413, "longer than 20000 bytes"),
    ],
)
def test_bad_bodies_get_a_reason(client: httpx.Client, content: bytes, status: int, reason: str) -> None:
    answer = client.post("/predict", content=content, headers=JSON)
    assert answer.status_code == status
    assert list(answer.json()) == ["reason"]
    assert reason in answer.json()["reason"]
    assert "Traceback" not in answer.text and "/site-packages/" not in answer.text


def test_odd_characters_are_text_like_any_other(client: httpx.Client) -> None:
    texts = ["\x00\x07 a", "<script>alert(1)</script>", "\u202eabc", "😀" * 50, "\ufffe", "{{7*7}}", "İ" * 100]
    answer = client.post("/predict", json={"inputs": [{"text": text} for text in texts]})
    assert answer.status_code == 200
    for text, prediction in zip(texts, answer.json()["predictions"], strict=True):
        for span in prediction["spans"]:
            assert span["text"] == text[span["start"] : span["end"]]


def test_requests_of_another_form_get_a_reason(client: httpx.Client, service: str) -> None:
    body = json.dumps({"inputs": [{"text": "a"}]}).encode()
    answers = {
        404: client.get("/nowhere"),
        405: client.get("/predict"),
        415: client.post("/predict", content=body, headers={"content-type": "text/plain"}),
        421: client.post("/predict", content=body, headers=JSON | {"host": "evil.example"}),
    }
    for status, answer in answers.items():
        assert (answer.status_code, list(answer.json())) == (status, ["reason"])
    assert client.post("/health").status_code == 405
    named = client.get("/health", headers={"host": f"localhost:{service.rpartition(':')[2]}"})
    assert named.status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_name_of_an_endpoint_with_a_slash_is_none(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/predict/", json={"inputs": [{"text": "a"}]})
    assert (answer.status_code, answer.json()) == (404, {"reason": "not found"})


@pytest.mark.parametrize("request_line", ["POST /health", "GET /docs", "PUT /nowhere", "POST /predict"])
def test_no_route_reads_a_body_without_end(service: str, request_line: str) -> None:
    host, port = service.removeprefix("http://").split(":")
    head = f"{request_line} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk, sent = b"4000\r\n" + b" " * 0x4000 + b"\r\n", 0
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        with pytest.raises(ConnectionError):  # the limit is 20,000 bytes; the buffers of two sockets hold some more
            while sent < 100_000_000:
                sent += connection.send(chunk)


def test_a_body_without_a_length_is_counted_as_it_comes(client: httpx.Client) -> None:
    answer = client.post("/predict", content=(b" " * 1000 for _ in range(30)), headers=JSON)
    assert answer.status_code == 413


def test_a_body_that_says_it_is_a_little_too_long_is_heard_out_first(service: str) -> None:
    host, port = service.removeprefix("http://").split(":")
    head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 20001\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=0.5) as connection:
        connection.sendall(head.encode() + b" " * 10000)
        with pytest.raises(TimeoutError):  # answered now and closed, it would be reset
            connection.recv(1)
        connection.settimeout(30)
        connection.sendall(b" " * 10001)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_every_answer_forbids_foreign_scripts_and_frames(client: httpx.Client) -> None:
    for path in ("/", "/page.js", "/docs", "/openapi.json", "/health", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


def test_pages_ask_nothing_of_anyone_else(client: httpx.Client) -> None:
    for path in ("/", "/page.js", "/page.css", "/docs"):
        text = client.get(path).text
        assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text and "//cdn" not in text
    assert "POST /predict" in client.get("/docs").text


def test_many_clients_at_once_all_get_their_own_answers(service: str, tagger: Path) -> None:
    texts = [f"{TEXT[number % 30 :]} {number}" for number in range(40)]
    statuses: list[int] = []

    async def ask(client: httpx.AsyncClient, text: str) -> list[dict[str, Any]]:
        while True:
            answer = await client.post("/predict", json={"inputs": [{"text": text}]})
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                return answer.json()["predictions"][0]["spans"]
            assert answer.status_code == 429 and answer.headers["retry-after"] == "1" and answer.json()["reason"]
            await asyncio.sleep(0.5)

    async def ask_all() -> list[list[dict[str, Any]]]:
        limits = httpx.Limits(max_connections=24)
        async with httpx.AsyncClient(base_url=service, timeout=120, limits=limits) as client:
            return await asyncio.gather(*(ask(client, text) for text in texts))

    responses = asyncio.run(ask_all())
    expected = Predictor.load(tagger, batch_size=1).predict(texts)
    for spans, output in zip(responses, expected, strict=True):
        assert [(span["start"], span["end"], span["type"]) for span in spans] == [
            (span.start, span.end, span.type) for span in output.spans
        ]
    assert statuses.count(200) == 40


def test_a_slow_client_holds_up_nobody_and_is_sent_away(service: str, client: httpx.Client) -> None:
    host, port = service.removeprefix("http://").split(":")
    head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    slow = []
    for _ in range(30):
        connection = socket.create_connection((host, int(port)), timeout=30)
        connection.sendall(head.encode() + b'{"inputs"')
        slow.append(connection)
    assert client.post("/predict", json={"inputs": [{"text": TEXT}]}).status_code == 200
    slow[0].setblocking(False)
    with pytest.raises(BlockingIOError):  # the others are served while the slow ones still have time
        slow[0].recv(1)
    slow[0].settimeout(30)
    answers = [connection.recv(4096) for connection in slow]
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)
    for connection in slow:
        connection.close()


@pytest.mark.slow
def test_the_service_keeps_to_its_own_description(service: str, tmp_path: Path) -> None:
    # a body beyond the limits may get 413 before anybody looks at its form
    rejections = "[400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]"
    (tmp_path / "schemathesis.toml").write_text(f"[checks.negative_data_rejection]\nexpected-statuses = {rejections}\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "--config-file", "schemathesis.toml", "run",
         f"{service}/openapi.json", "--max-examples", "6", "--generation-deterministic", "--no-color"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Tested: 3" in done.stdout


def test_a_port_in_use_ends_with_code_2(service: str, tagger: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from charbert.deploy.command import main

    assert main(["serve", str(tagger), "--port", service.rpartition(":")[2]]) == 2
    assert "cannot listen on 127.0.0.1 port" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["max_texts", "max_open", "timeout_seconds", "body_seconds", "max_body_bytes"])
def test_limits_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        ServeSettings(**{name: 0})

"""The routes of the service, the files of its page, and the thread that its models run in."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.metadata import version
from importlib.resources import files
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from charbert.config.serving import ServeSettings
from charbert.deploy.predict.predictor import Predictor
from charbert.deploy.serving import schemas
from charbert.deploy.serving.demonstration import Demonstrator
from charbert.deploy.serving.description import describe_api
from charbert.deploy.serving.limits import App, Limits
from charbert.deploy.serving.schemas import Health, Reason
from charbert.errors import DataError

T = TypeVar("T")

Check = Callable[[], None]


class OutOfTimeError(Exception):
    """The time limit of a request is over."""


class Worker:
    """Runs one task at a time, because tokenizers and models are not thread-safe.

    A task that waited longer than its time limit does not start; a running one stops at its next check.

    Args:
        seconds: time limit of a task, including waiting.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")

    async def run(self, work: Callable[[Check], T]) -> T:
        """Return the result of a task; its argument is a function to call between steps.

        Raises:
            OutOfTimeError: if the time limit is reached first.
        """
        end = time.monotonic() + self.seconds

        def check() -> None:
            if time.monotonic() > end:
                raise OutOfTimeError

        def timed() -> T:
            check()
            return work(check)

        future = asyncio.get_running_loop().run_in_executor(self._thread, timed)
        try:
            return await asyncio.wait_for(future, self.seconds)
        except TimeoutError:
            raise OutOfTimeError from None

    def close(self) -> None:
        """Cancel the tasks that have not started."""
        self._thread.shutdown(wait=False, cancel_futures=True)


log = logging.getLogger(__name__)

_REASONS = {
    408: "The body was not sent in time.",
    413: "The body is too large.",
    415: "The content type is not application/json.",
    421: "The host name is not allowed.",
    422: "The body is not JSON, or does not match the schema.",
    429: "The client has too many open requests.",
    503: "The service has too many open requests.",
    504: "The answer took too long.",
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Reason, "description": reason} for status, reason in _REASONS.items()
}
PAGES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/favicon.ico": ("icon.svg", "image/svg+xml"),
}
"""File and media type of each address."""


def build_app(models: dict[str, Predictor], settings: ServeSettings) -> App:
    """Return the service.

    Args:
        models: by name; the first answers /predict, all are shown on the page.
    """
    worker = Worker(settings.timeout_seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        worker.close()

    name, predictor = next(iter(models.items()))
    app = FastAPI(
        title="CharBERT",
        version=version("charbert"),
        description=f"Predictions of {name}: {predictor.head.replace('_', ' ')}.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    _answer_errors(app)
    _add_predictions(app, models, settings, worker)
    _add_health(app, models, settings)
    _add_pages(app)
    allowed = {settings.host, "localhost", "127.0.0.1", "::1", *settings.allowed_hosts}
    return Limits(app, settings, frozenset(each.lower() for each in allowed))


def _add_predictions(app: FastAPI, models: dict[str, Predictor], settings: ServeSettings, worker: Worker) -> None:
    """Add /predict and /noise, with the schemas of the first model."""
    name, predictor = next(iter(models.items()))
    head, pairs = predictor.head, predictor.usage.pairs
    batch = schemas.predict_request(schemas.input_model(head, settings.max_characters, pairs, words=True), settings)
    shown = schemas.noise_request(schemas.input_model(head, settings.max_demo_characters, pairs))
    demonstrator = Demonstrator(models)

    @app.post("/predict", responses=_REFUSALS, response_model=schemas.predict_response(head), summary="Predict a batch")
    async def predict(request: batch) -> Any:  # type: ignore[valid-type]
        inputs = request.model_dump()["inputs"]  # type: ignore[attr-defined]
        outputs = await worker.run(lambda check: predictor.predict(inputs, check=check))
        return {"model": name, "predictions": [asdict(output) for output in outputs]}

    @app.post(
        "/noise",
        responses=_REFUSALS,
        response_model=schemas.noise_response(head),
        summary="Predict with and without typos",
    )
    async def noise(request: shown) -> Any:  # type: ignore[valid-type]
        asked = request.model_dump()  # type: ignore[attr-defined]
        demonstration = await worker.run(
            lambda check: demonstrator.show(asked["input"], asked["share"], asked["seed"], check)
        )
        return asdict(demonstration)


def _add_health(app: FastAPI, models: dict[str, Predictor], settings: ServeSettings) -> None:
    @app.get("/health", responses={421: _REFUSALS[421]}, summary="Return the status of the service and its models")
    async def health() -> Health:
        cards = [schemas.model_card(name, model) for name, model in models.items()]
        limit = settings.max_demo_characters
        return Health(status="ok", version=version("charbert"), models=cards, max_demo_characters=limit)


def _add_pages(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(describe_api(app.openapi()))

    for path, (name, kind) in PAGES.items():
        app.add_api_route(path, _page(name, kind), include_in_schema=False)


def _page(name: str, kind: str) -> Any:
    content = files("charbert.deploy.serving").joinpath("page", name).read_bytes()

    async def page() -> Response:
        return Response(content, media_type=kind)

    return page


def _answer_errors(app: FastAPI) -> None:
    """Return each error as a reason in JSON, without internal details."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("body", *schemas.FORMS))
        return _reason(422, f"{place or 'the body'}: {first['msg']}"[:300])

    @app.exception_handler(DataError)
    async def unusable(_: Request, error: DataError) -> JSONResponse:
        return _reason(422, str(error)[:300])

    @app.exception_handler(OutOfTimeError)
    async def late(_: Request, error: OutOfTimeError) -> JSONResponse:
        return _reason(504, "the answer took too long; send less at once, or try again later")

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"reason": error.detail.lower()}, error.status_code, headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _reason(500, "the service failed; its log says why")


def _reason(status: int, reason: str) -> JSONResponse:
    encodable = reason.encode("utf-8", "replace").decode("utf-8")  # without unpaired surrogates
    return JSONResponse({"reason": encodable}, status)

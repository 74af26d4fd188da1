"""Loads models and runs the service."""

import logging
import socket
import sys
from pathlib import Path

import uvicorn

from charbert.config.serving import ServeSettings
from charbert.deploy.predict.backends import TorchBackend
from charbert.deploy.predict.predictor import Predictor
from charbert.deploy.serving.app import build_app
from charbert.deploy.serving.connections import bounded_connections
from charbert.deploy.serving.limits import App
from charbert.errors import SettingsError


def serve(
    model: Path, compare: Path | None, settings: ServeSettings, *, threads: int | None = None, device: str = "cpu"
) -> None:
    """Load the models and run the service until the process is terminated.

    Args:
        model: folder of the model that answers /predict.
        compare: folder of a second model for the demo page.

    Raises:
        CheckpointError: if a folder has no fine-tuned model.
        SettingsError: if the two models have different heads, or the device or the address cannot be used.
    """
    models = load_models([model, *([compare] if compare else [])], settings, threads, device)
    with _listen(settings) as listener:
        host, port = listener.getsockname()[:2]
        address = f"[{host}]" if ":" in host else host
        sys.stderr.write(f"charbert: serving {', '.join(models)} on http://{address}:{port}\n")
        sys.stderr.flush()
        logging.basicConfig(level=logging.WARNING)
        build_server(build_app(models, settings), settings).run(sockets=[listener])


def build_server(app: App, settings: ServeSettings) -> uvicorn.Server:
    """Return the server of an app, with limits on connections; X-Forwarded-For is read from trusted proxies alone."""
    http = bounded_connections(settings)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            http=http,
            ws="none",
            proxy_headers=bool(settings.trusted_proxies),  # else uvicorn believes what any local client writes
            forwarded_allow_ips=settings.trusted_proxies,
        )
    )


def load_models(
    folders: list[Path], settings: ServeSettings, threads: int | None = None, device: str = "cpu"
) -> dict[str, Predictor]:
    """Return the models by the names that the demo page shows.

    Raises:
        CheckpointError: if a folder has no fine-tuned model.
        SettingsError: if the models have different heads, or the device cannot be used.
    """
    loaded = [
        Predictor.load(folder, batch_size=settings.batch_size, threads=threads, device=device) for folder in folders
    ]
    if len({predictor.head for predictor in loaded}) > 1:
        heads = " and ".join(predictor.head for predictor in loaded)
        raise SettingsError(f"--compare needs a model with the same head, got {heads}")
    models: dict[str, Predictor] = {}
    for predictor in loaded:
        kind = "CharBERT" if predictor.has_characters else "Plain trunk"
        kind += "" if isinstance(predictor.backend, TorchBackend) else " (ONNX)"
        models[kind if kind not in models else f"{kind}, second"] = predictor
    return models


def _listen(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen()  # requests that arrive before the service runs wait
    except OSError as error:
        listener.close()
        reason = error.strerror or error
        raise SettingsError(
            f"cannot listen on {settings.host} port {settings.port}: {reason}; choose another"
        ) from None
    return listener

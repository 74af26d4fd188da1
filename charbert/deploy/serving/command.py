"""``charbert serve``: its arguments, and what it runs."""

import argparse
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path

from charbert.config.describe import field_docs
from charbert.config.serving import ServeSettings
from charbert.errors import SettingsError

DESCRIPTION = """\
Serve a fine-tuned model over HTTP: POST /predict, GET /health, the API description at /docs, and a demo page at /
that shows the predictions for a sentence with and without typos.

The service has no accounts and no encryption; put it behind a reverse proxy before others can reach it."""

EXAMPLES = """\
examples:
  charbert serve CHARBERT --compare BERT        both models on the demo page
  charbert serve MODEL --port 8080 --max-texts 16"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command, but for MODEL, the number of threads and the device."""
    parser.add_argument(
        "--compare", metavar="MODEL", type=Path, help="second model of the demo page, with the same head"
    )
    docs = field_docs(ServeSettings)
    for field in fields(ServeSettings):
        flag = "--" + field.name.replace("_", "-")
        help_text = docs[field.name].replace("%", "%%")
        if field.default is MISSING:
            parser.add_argument(flag, nargs="+", default=[], metavar="NAME", help=help_text)
        else:
            kind = type(field.default)
            parser.add_argument(
                flag, type=kind, default=field.default, metavar="N" if kind is not str else "NAME",
                help=f"{help_text} (default: %(default)s)",
            )  # fmt: skip


def run(chosen: argparse.Namespace, configure: Callable[[int | None], None]) -> int:
    """Serve the models; ``configure`` prepares the libraries for a number of threads."""
    settings = ServeSettings(**{field.name: getattr(chosen, field.name) for field in fields(ServeSettings)})
    configure(chosen.threads)
    try:
        from charbert.deploy.serving.run import serve
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn"):
            raise
        raise SettingsError(f"serving needs the package {error.name}: pip install 'charbert[serve]'") from None
    serve(chosen.model, chosen.compare, settings, threads=chosen.threads, device=chosen.device)
    return 0

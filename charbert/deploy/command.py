"""The command ``charbert``: predict from the command line, serve over HTTP, export to ONNX, pass an encoder on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import MISSING, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from charbert.config.describe import field_docs
from charbert.config.serving import ServeSettings
from charbert.deploy.predict.sources import FORMATS
from charbert.errors import CharBertError, SettingsError

BAD_INPUT = 2
"""Exit code where the user has to change something."""
_INTERRUPTED = 130

_PREDICT = """\
Answer for raw text with a fine-tuned model: labels with probabilities, tagged spans, or answers.

MODEL is the folder that fine-tuning saves (outputs/<recipe>/finetune/<cell>), or one with an exported model.
Predictions come on standard output, one JSON object a line, in the order of the inputs."""

_PREDICT_EXAMPLES = """\
examples:
  charbert predict MODEL news.txt                                  a text a line
  echo 'Ada King lives in London.' | charbert predict MODEL        from standard input
  charbert predict MODEL pairs.jsonl --output labels.jsonl         {"text": ..., "text_pair": ...} a line
  charbert predict MODEL questions.jsonl --readable                {"question": ..., "context": ...} a line"""

_SERVE = """\
Serve a fine-tuned model over HTTP: POST /predict, GET /health, the API's description at /docs, and a page at / on
which a person types a sentence, adds typos and sees what changes.

The service has no accounts and no encryption; put a reverse proxy in front of it before others can reach it."""

_SERVE_EXAMPLES = """\
examples:
  charbert serve CHARBERT --compare BERT        both models side by side on the page
  charbert serve MODEL --port 8080 --max-texts 16"""

_EXPORT = """\
Write a fine-tuned or pretrained model as an ONNX graph with its processor: TARGET is then used like MODEL, with ONNX
Runtime in place of PyTorch. The graph is compared with the model at several shapes, and refused where it differs."""

_EXPORT_EXAMPLES = """\
examples:
  charbert export MODEL exported
  charbert export MODEL smaller --int8          weights of 8 bits; a quarter of the size"""

_ENCODER = """\
Write the encoder of a pretrained model without the heads of pretraining, in half precision, with its processor: small
enough to pass on. Others fine-tune it with model=charbert_pretrained model.pretrained=TARGET, or load it with
AutoModel."""

_ENCODER_EXAMPLES = """\
examples:
  charbert encoder outputs/quick/pretrain/CELL/model my-charbert
  charbert encoder MODEL my-charbert --full     weights of 32 bits"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or 2 with one message where the user has to change something."""
    chosen = _build_parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except CharBertError as error:
        sys.stderr.write(f"charbert: error: {error}\n")
        return BAD_INPUT
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="charbert", description="Use fine-tuned CharBERT models and plain trunks.")
    parser.add_argument("--version", action="version", version=f"charbert {version('charbert')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_predict(commands)
    _add_serve(commands)
    _add_export(commands)
    _add_encoder(commands)
    return parser


def _add_predict(commands: Any) -> None:
    parser = _add(commands, "predict", "answer for texts from files or standard input", _PREDICT, _PREDICT_EXAMPLES)
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a fine-tuned or exported model")
    parser.add_argument("files", metavar="FILES", nargs="*", help="text or JSON lines; none or -: standard input")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="auto",
        help="lines: a text a line; document: a text a file; jsonl: an object a line with text, text and text_pair, "
        "or question and context, and an id if you like; auto: by the file's suffix (default: %(default)s)",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write here, once all is done, not to stdout")
    parser.add_argument("--readable", action="store_true", help="a form for people in place of JSON")
    parser.add_argument(
        "--batch-size", type=int, default=32, metavar="N", help="windows at once (default: %(default)s)"
    )
    parser.add_argument(
        "--max-length", type=int, metavar="N", help="most subwords of a window (default: as in fine-tuning)"
    )
    parser.add_argument(
        "--no-answer-threshold",
        type=float,
        metavar="LOGITS",
        help="give no answer where none scores higher than the best by more than this (default: as in fine-tuning)",
    )
    _add_threads(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    parser.set_defaults(run=_predict)


def _add_serve(commands: Any) -> None:
    parser = _add(commands, "serve", "answer over HTTP, with a page to try it", _SERVE, _SERVE_EXAMPLES)
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a fine-tuned or exported model")
    parser.add_argument("--compare", metavar="MODEL", type=Path, help="a second model for the page, of the same head")
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
    _add_threads(parser)
    parser.set_defaults(run=_serve)


def _add_export(commands: Any) -> None:
    parser = _add(commands, "export", "write a model for ONNX Runtime", _EXPORT, _EXPORT_EXAMPLES)
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a model")
    parser.add_argument("target", metavar="TARGET", type=Path, help="folder to write; one that exists is replaced")
    parser.add_argument("--int8", action="store_true", help="weights of 8 bits in place of 32")
    parser.set_defaults(run=_export)


def _add_encoder(commands: Any) -> None:
    parser = _add(commands, "encoder", "write an encoder alone, to pass it on", _ENCODER, _ENCODER_EXAMPLES)
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a pretrained or fine-tuned model")
    parser.add_argument("target", metavar="TARGET", type=Path, help="folder to write; one that exists is replaced")
    parser.add_argument("--full", action="store_true", help="weights of 32 bits in place of 16")
    parser.set_defaults(run=_encoder)


def _add(commands: Any, name: str, summary: str, description: str, examples: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def _add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads of the model (default: all cores)")


def _predict(chosen: argparse.Namespace) -> int:
    _be_quiet(chosen.threads)
    from charbert.deploy.predict.files import predict_files

    predict_files(
        chosen.model,
        chosen.files,
        form=chosen.format,
        output=chosen.output,
        readable=chosen.readable,
        progress=not chosen.quiet,
        batch_size=chosen.batch_size,
        max_length=chosen.max_length,
        no_answer_threshold=chosen.no_answer_threshold,
        threads=chosen.threads,
    )
    return 0


def _export(chosen: argparse.Namespace) -> int:
    _be_quiet(None)
    from charbert.deploy.onnx.export_files import export_files

    export_files(chosen.model, chosen.target, int8=chosen.int8)
    return 0


def _encoder(chosen: argparse.Namespace) -> int:
    _be_quiet(None)
    from charbert.deploy.encoder import save_encoder

    size = save_encoder(chosen.model, chosen.target, half=not chosen.full)
    sys.stderr.write(f"{chosen.target}: {size / 1e6:.1f} MB\n")
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    settings = ServeSettings(**{field.name: getattr(chosen, field.name) for field in fields(ServeSettings)})
    _be_quiet(chosen.threads)
    try:
        from charbert.deploy.serving.run import serve
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn"):
            raise
        raise SettingsError(f"serving needs the package {error.name}: pip install 'charbert[serve]'") from None
    serve(chosen.model, chosen.compare, settings, threads=chosen.threads)
    return 0


def _be_quiet(threads: int | None) -> None:
    """Silence the libraries' own progress and advice, which are not about the user's texts; set the threads."""
    if threads is not None and threads < 1:
        raise SettingsError(f"--threads must be at least 1, got {threads}")
    import torch
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if threads is not None:
        torch.set_num_threads(threads)

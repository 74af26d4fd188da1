"""The command ``charbert``: predict, correct typos, score, compare, serve, export, save an encoder, publish a model."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from charbert.deploy import compare
from charbert.deploy.correct import command as correct
from charbert.deploy.predict.sources import FORMATS
from charbert.deploy.score import command as score
from charbert.deploy.serving import command as serve
from charbert.errors import CharBertError, SettingsError
from charbert.files import disk_failure

BAD_INPUT = 2
"""Exit code for bad input."""
_INTERRUPTED = 130

_PREDICT = """\
Predict for raw text with a fine-tuned model: labels with probabilities, tagged spans, or answers.

MODEL is the folder that fine-tuning saves (outputs/<recipe>/finetune/<run>), or the folder of an exported model.
Predictions are written to standard output, one JSON object per line, in the order of the inputs."""

_PREDICT_EXAMPLES = """\
examples:
  charbert predict MODEL news.txt                                  one text per line
  echo 'Ada King lives in London.' | charbert predict MODEL        from standard input
  charbert predict MODEL reviews.csv --column review               one text per row of a table
  charbert predict MODEL pairs.jsonl --output labels.jsonl         one {"text": ..., "text_pair": ...} per line
  charbert predict MODEL questions.jsonl --readable                one {"question": ..., "context": ...} per line"""

_EXPORT = """\
Write a fine-tuned or pretrained model as an ONNX graph with its tokenizer. TARGET is used like MODEL, and runs in ONNX
Runtime instead of PyTorch. The graph is compared with the model at several shapes and refused if it differs."""

_EXPORT_EXAMPLES = """\
examples:
  charbert export MODEL exported
  charbert export MODEL smaller --int8          8-bit weights; a quarter of the size"""

_ENCODER = """\
Write the encoder of a pretrained model without its pretraining heads, in half precision, with its tokenizer. It is
fine-tuned with model=charbert_pretrained model.pretrained=TARGET, or loaded with AutoModel."""

_ENCODER_EXAMPLES = """\
examples:
  charbert encoder outputs/quick/pretrain/RUN/model my-charbert
  charbert encoder MODEL my-charbert --full     32-bit weights"""

_PUBLISH = """\
Write a model as a folder for the Hugging Face hub: weights, tokenizer, the Python code that loads it without this
package, and a card with the scores of the run's record. With --push the folder is uploaded; log in
first (hf auth login)."""

_PUBLISH_EXAMPLES = """\
examples:
  charbert publish outputs/minilm/finetune/RUN/model my-tagger --license apache-2.0 --language en
  charbert publish MODEL my-tagger --push OWNER/my-tagger --private"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, or 2 with one error message for bad input."""
    chosen = _parse(arguments)
    try:
        return int(chosen.run(chosen))
    except CharBertError as error:
        sys.stderr.write(f"charbert: error: {error}\n")
        return BAD_INPUT
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output has ended, as `head` does
        _drop_output()
        return 0
    except Exception as error:  # each library has its own for a full disk
        failure = disk_failure(error)
        if failure is None:
            raise
        where = failure[0] if isinstance(error, OSError) and error.filename else "the output"
        hint = "free space or choose another" if failure[1] == "written" else "check the name and who may read it"
        sys.stderr.write(f"charbert: error: {where} could not be {failure[1]} ({failure[2]}); {hint}\n")
        _drop_output()
        return BAD_INPUT


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments; files may also stand after options, where argparse takes none for a list."""
    parser = _build_parser()
    chosen, rest = parser.parse_known_args(arguments)
    if rest and (not hasattr(chosen, "files") or any(name.startswith("-") and name != "-" for name in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        chosen.files = [*chosen.files, *rest]
    return chosen


def _drop_output() -> None:
    """Drop what standard output still holds; Python would try to write it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="charbert", description="Use fine-tuned CharBERT models and plain trunks.")
    parser.add_argument("--version", action="version", version=f"charbert {version('charbert')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_predict(_add(commands, "predict", "predict for texts", _PREDICT, _PREDICT_EXAMPLES, _predict))
    run_correct = partial(correct.run, configure=_configure_libraries)
    run_serve = partial(serve.run, configure=_configure_libraries)
    correcting = ("correct typos in texts", correct.DESCRIPTION, correct.EXAMPLES, run_correct)
    corrected = _add(commands, "correct", *correcting, given=("model", "repair, dictionary, or folder of a model"))
    correct.add_arguments(corrected)
    _add_threads(corrected)
    run_score = partial(score.run, configure=_configure_libraries)
    scoring = ("score a model or predictions", score.DESCRIPTION, score.EXAMPLES, run_score)
    scored = _add(commands, "score", *scoring, given=("source", "folder of a model, or file of predictions"))
    score.add_arguments(scored)
    _add_machine(scored)
    comparing = ("compare two models by their records", compare.DESCRIPTION, compare.EXAMPLES, compare.run)
    compare.add_arguments(_add(commands, "compare", *comparing, given=None))
    serving = ("predict over HTTP, with a demo page", serve.DESCRIPTION, serve.EXAMPLES)
    served = _add(commands, "serve", *serving, run_serve)
    serve.add_arguments(served)
    _add_machine(served)
    export = _add(commands, "export", "write a model for ONNX Runtime", _EXPORT, _EXPORT_EXAMPLES, _export)
    encoder = _add(commands, "encoder", "write an encoder without heads", _ENCODER, _ENCODER_EXAMPLES, _encoder)
    publish = _add(commands, "publish", "write a folder for the hub", _PUBLISH, _PUBLISH_EXAMPLES, _publish)
    for subparser in (export, encoder, publish):
        target_help = "folder to write: a new or empty one, or one that this command wrote"
        subparser.add_argument("target", metavar="TARGET", type=Path, help=target_help)
    export.add_argument("--int8", action="store_true", help="8-bit weights instead of 32-bit ones")
    encoder.add_argument("--full", action="store_true", help="32-bit weights instead of 16-bit ones")
    _add_publish(publish)
    return parser


def _add(
    commands: Any,
    name: str,
    summary: str,
    description: str,
    examples: str,
    run: Callable[[argparse.Namespace], int],
    given: tuple[str, str] | None = ("model", "folder of a model"),
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if given is not None:
        parser.add_argument(given[0], metavar=given[0].upper(), type=Path, help=given[1])
    parser.set_defaults(run=run)
    return parser


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILES", nargs="*", help="text or JSON lines; none or -: standard input")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="auto",
        help="lines: one text per line; document: one text per file; jsonl: one object per line with text, text and "
        "text_pair, or question and context, and optionally an id; auto: by the file name (default: %(default)s)",
    )
    parser.add_argument(
        "--column",
        metavar="NAME",
        action="append",
        default=[],
        help="column of the texts of a table (.csv, .tsv, .jsonl, .parquet); twice for pairs of texts",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="file to write when done, instead of stdout")
    parser.add_argument("--readable", action="store_true", help="plain text instead of JSON")
    parser.add_argument(
        "--batch-size", type=int, default=32, metavar="N", help="windows per batch (default: %(default)s)"
    )
    parser.add_argument("--max-length", type=int, metavar="N", help="subwords of a window (default: as in fine-tuning)")
    parser.add_argument(
        "--no-answer-threshold",
        type=float,
        metavar="LOGITS",
        help="predict no answer if its score exceeds that of the best answer by more than this (default: as in "
        "fine-tuning)",
    )
    _add_machine(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")


def _add_publish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--record", metavar="FILE", type=Path, help="record.json of the run (default: looked for)")
    parser.add_argument("--license", metavar="ID", help="as apache-2.0; without it the card states none")
    parser.add_argument("--language", metavar="CODE", action="append", default=[], help="as en; may be repeated")
    parser.add_argument("--base-model", metavar="ID", help="the trunk's name on the hub")
    parser.add_argument("--dataset", metavar="ID", action="append", default=[], help="name on the hub; may be repeated")
    parser.add_argument("--push", metavar="OWNER/NAME", help="upload the folder to this repository of the hub")
    parser.add_argument("--private", action="store_true", help="of a new repository")


def _add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads of the model (default: all cores)")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    _add_threads(parser)
    parser.add_argument("--device", metavar="NAME", default="cpu", help="as cuda or cuda:1 (default: %(default)s)")


def _predict(chosen: argparse.Namespace) -> int:
    _configure_libraries(chosen.threads)
    from charbert.deploy.predict.files import predict_files

    predict_files(
        chosen.model,
        chosen.files,
        form=chosen.format,
        columns=chosen.column,
        output=chosen.output,
        readable=chosen.readable,
        progress=not chosen.quiet,
        batch_size=chosen.batch_size,
        max_length=chosen.max_length,
        no_answer_threshold=chosen.no_answer_threshold,
        threads=chosen.threads,
        device=chosen.device,
    )
    return 0


def _export(chosen: argparse.Namespace) -> int:
    _configure_libraries(None)
    from charbert.deploy.compress.quantize import quantize_model
    from charbert.deploy.onnx.export import WRITER, export_model
    from charbert.deploy.predict.predictor import find_model
    from charbert.integrity import check_target

    source, target = find_model(chosen.model), chosen.target
    check_target(target, WRITER, source)
    if not chosen.int8:
        worst = max(difference.largest for difference in export_model(source, target))
        sys.stderr.write(f"{target}: every logit within {worst:.1e} of PyTorch\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        export_model(source, Path(folder) / "float32")
        differences = quantize_model(Path(folder) / "float32", target)
    share = max(difference.mean / difference.spread for difference in differences)
    sys.stderr.write(f"{target}: logits within {100 * share:.1f} % of their standard deviation, on average\n")
    return 0


def _encoder(chosen: argparse.Namespace) -> int:
    _configure_libraries(None)
    from charbert.deploy.encoder import save_encoder
    from charbert.deploy.predict.predictor import find_model

    size = save_encoder(find_model(chosen.model), chosen.target, half=not chosen.full)
    sys.stderr.write(f"{chosen.target}: {size / 1e6:.1f} MB\n")
    return 0


def _publish(chosen: argparse.Namespace) -> int:
    _configure_libraries(None)
    from charbert.deploy.hub import push_folder, write_hub_folder
    from charbert.deploy.model_card import CardFacts
    from charbert.deploy.predict.predictor import find_model

    name = chosen.push or str(chosen.target)
    facts = CardFacts(name, chosen.license, chosen.language, chosen.base_model, chosen.dataset)
    has_scores = write_hub_folder(find_model(chosen.model), chosen.target, facts, chosen.record)
    sys.stderr.write(f"{chosen.target}: the card has {'the scores of the record' if has_scores else 'no scores'}\n")
    if chosen.push:
        sys.stderr.write(f"uploaded to {push_folder(chosen.target, chosen.push, private=chosen.private)}\n")
    return 0


def _configure_libraries(threads: int | None) -> None:
    """Turn off the progress bars and advice of the libraries, and set the number of threads."""
    if threads is not None and threads < 1:
        raise SettingsError(f"--threads must be at least 1, got {threads}")
    import torch
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if threads is not None:
        torch.set_num_threads(threads)

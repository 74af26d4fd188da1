"""Files in, lines of predictions out."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from charbert.deploy.predict.predictor import Predictor, find_model
from charbert.deploy.predict.sources import Inputs, check_output, read_inputs
from charbert.errors import SettingsError
from charbert.files import write_atomically
from charbert.tasks.catalog import HEADS
from charbert.tasks.head import Output

ECHOED = ("id", "text", "words", "text_pair", "question", "context")
"""Fields of an input that are repeated with its prediction."""


def predict_files(
    model: Path,
    files: Sequence[str],
    *,
    form: str = "auto",
    columns: Sequence[str] = (),
    output: Path | None = None,
    readable: bool = False,
    progress: bool = True,
    **options: Any,
) -> None:
    """Write the prediction for each input to standard output or a file, in order.

    All inputs are read and checked before the first is predicted.

    Args:
        model: folder of the model.
        files: as `charbert.deploy.predict.sources.read_inputs` takes them.
        form: of the files.
        columns: of tables, as `charbert.deploy.predict.sources.read_inputs` takes them.
        output: written as a whole at the end; None: standard output, line by line.
        readable: for people, in place of JSON.
        progress: whether standard error shows a progress bar.
        **options: of `charbert.deploy.predict.Predictor.load`.

    Raises:
        DataError: naming the file and line of the first input that does not fit the model, or a bad output.
        SettingsError: if there are more columns than the model reads texts.
    """
    find_model(model)  # before anything is read from a terminal or a pipe
    check_output(output, files)
    inputs = read_inputs(files, form, sys.stdin.buffer, columns)
    for warning in inputs.warnings:
        sys.stderr.write(f"charbert: warning: {warning}\n")
    predictor = Predictor.load(model, **options)
    if len(columns) > (most := 1 + ("text_pair" in HEADS[predictor.head].fields)):
        given = f"{len(columns)} ({', '.join(columns)})"
        raise SettingsError(f"--column: expected at most {most} with a model for {predictor.head}, got {given}")
    lines = _lines(predictor, inputs, readable, progress)
    if output is not None:
        write_atomically(output, "".join(f"{line}\n" for line in lines))
        return
    for line in lines:
        sys.stdout.buffer.write(f"{line}\n".encode())
        sys.stdout.buffer.flush()


def _lines(predictor: Predictor, inputs: Inputs, readable: bool, progress: bool) -> Iterator[str]:
    parts = predictor.stream(inputs.rows, places=inputs.places)  # checks them all, before the bar is drawn
    rows = iter(inputs.rows)
    with tqdm(total=len(inputs.rows), unit=" texts", desc="predicting", file=sys.stderr, disable=not progress) as bar:
        for part in parts:
            yield from (_line(row, output, readable) for output, row in zip(part, rows, strict=False))
            bar.update(len(part))


def _line(given: Any, output: Output, readable: bool) -> str:
    """Return the prediction with its input as one JSON object, or in a form for people."""
    fields = {"text": given} if isinstance(given, str) else given
    if readable:
        return output.readable(fields)
    echoed = {name: fields[name] for name in ECHOED if name in fields}
    return json.dumps({**echoed, **asdict(output)}, ensure_ascii=False, allow_nan=False)

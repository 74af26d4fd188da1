"""Predictions as lines: JSON for programs, or a form for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from charbert.deploy.predict.outputs import LabelOutput, Output, SpansOutput

ECHOED = ("id", "text", "text_pair", "question", "context")
"""Fields of an input that come back with its prediction."""


def json_line(given: Any, output: Output) -> str:
    """Return the input and its prediction as one JSON object."""
    fields = {"text": given} if isinstance(given, str) else given
    echoed = {name: fields[name] for name in ECHOED if name in fields}
    return json.dumps({**echoed, **asdict(output)}, ensure_ascii=False, allow_nan=False)


def readable_line(given: Any, output: Output) -> str:
    """Return the prediction in a form for people, on one line.

    Spans stand in their text as ``[Kraków LOC]``, a label and its probability before the text, an answer behind its
    question.
    """
    fields: Mapping[str, Any] = {"text": given} if isinstance(given, str) else given
    if isinstance(output, SpansOutput):
        return _one_line(_marked(fields["text"], output))
    if isinstance(output, LabelOutput):
        texts = [fields[name] for name in ("text", "text_pair") if fields.get(name) is not None]
        return f"{output.label}\t{output.probability:.3f}\t" + _one_line(" | ".join(texts))
    answer = "(no answer)" if output.no_answer else output.answer
    return f"{_one_line(fields['question'])}\t{_one_line(answer)}\t{output.score:.3f}"


def _marked(text: str, output: SpansOutput) -> str:
    pieces, done = [], 0
    for span in output.spans:
        pieces += [text[done : span.start], f"[{span.text} {span.type}]"]
        done = span.end
    return "".join([*pieces, text[done:]])


def _one_line(text: str) -> str:
    return " ".join(text.split())

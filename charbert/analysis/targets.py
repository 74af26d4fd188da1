"""The outputs of a model that are explained: chosen ones, or those of the prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from charbert.analysis.attributions import Output
from charbert.analysis.questions import Question
from charbert.errors import SettingsError

OUTSIDE = "O"
"""Tag of a word outside entities."""
LONGEST_ANSWER = 30
"""In subwords."""


@dataclass(frozen=True)
class Target:
    """One output of a model."""

    title: str
    output: Output


@torch.inference_mode()
def choose_targets(
    model: PreTrainedModel,
    question: Question,
    words: Sequence[str] = (),
    *,
    word: int | None = None,
    label: str = "",
    most: int = 4,
) -> list[Target]:
    """Return the outputs to explain: the logit of a label, of a word's tag, or of an answer's start and end.

    Args:
        words: of the text, for a tagger.
        word: index of a word; None: each word with a tag other than O, or the first word if there is none.
        label: of the model; empty: the one with the highest logit.

    Raises:
        SettingsError: if there is no such word or label.
    """
    output = model(**question.batch)
    if "logits" not in output:
        return _answer(question, output)
    labels = model.config.id2label
    if label and label not in labels.values():
        raise SettingsError(f"explain.label must be one of {', '.join(labels.values())}, got {label}")
    chosen = next((number for number, name in labels.items() if name == label), None)
    logits = output["logits"][0]
    if logits.ndim == 1:
        best = int(logits.argmax()) if chosen is None else chosen
        return [Target(f"label {labels[best]}", partial(_picked, name="logits", index=(best,)))]
    return _tags(question, logits, labels, words, word, chosen, most)


def _tags(
    question: Question,
    logits: Tensor,
    labels: dict[int, str],
    words: Sequence[str],
    word: int | None,
    chosen: int | None,
    most: int,
) -> list[Target]:
    positions = question.word_positions
    if word is not None and word not in positions:
        raise SettingsError(
            f"explain.word must be one of the words 0 to {max(positions)} that the model sees, got {word}"
        )
    best = {place: int(logits[position].argmax()) for place, position in positions.items()}
    tagged_words = [place for place, tag in best.items() if labels[tag] != OUTSIDE] or [min(positions)]
    targets = []
    for place in [word] if word is not None else tagged_words[:most]:
        tag = best[place] if chosen is None else chosen
        picked = partial(_picked, name="logits", index=(positions[place], tag))
        targets.append(Target(f"{labels[tag]} of {words[place]}", picked))
    return targets


def _answer(question: Question, output: Any) -> list[Target]:
    """Return start and end of the best answer in the context."""
    starts, ends = output["start_logits"][0], output["end_logits"][0]
    inside = torch.tensor([sequence == 1 for sequence in question.sequences])
    scores = starts[:, None] + ends[None, :]
    allowed = inside[:, None] & inside[None, :]
    allowed &= torch.ones_like(scores).triu().tril(LONGEST_ANSWER - 1).bool()
    start, end = divmod(int(scores.masked_fill(~allowed, float("-inf")).argmax()), len(ends))
    return [
        Target(
            f"answer starts at {question.pieces[start].text}", partial(_picked, name="start_logits", index=(start,))
        ),
        Target(f"answer ends at {question.pieces[end].text}", partial(_picked, name="end_logits", index=(end,))),
    ]


def _picked(output: Any, name: str, index: tuple[int, ...]) -> Tensor:
    return output[name][(slice(None), *index)]

"""Predictions of one or two models for an input before and after noise."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from charbert.deploy.predict.inputs import check_input
from charbert.deploy.predict.predictor import Predictor
from charbert.evaluation.sensitivity import Encode, word_sensitivities
from charbert.evaluation.word_states import CONCAT
from charbert.noise.attack import Attack, attack_sentences
from charbert.tasks.catalog import HEADS
from charbert.tasks.head import Input, Output
from charbert.text.words import replace_words, split_words

NOISED_FIELDS = ("text", "text_pair", "question")
"""Fields that get noise; the context does not, as in the paper's attack on SQuAD (Sec. 4.5)."""


@dataclass(frozen=True)
class ShownWord:
    """A word of the input before and after noise."""

    field: str
    """text, text_pair or question."""
    word: str
    start: int
    """Its first character in the field."""
    end: int
    noised: str
    """The same as ``word`` if it has no noise."""
    noised_start: int
    """Its first character in the noised field."""
    noised_end: int
    edit: str | None
    """drop, add, swap, keyboard, or None."""


@dataclass(frozen=True)
class ShownModel:
    """The predictions of one model for the input."""

    name: str
    clean: Output
    noised: Output
    sensitivities: list[float | None] | None
    """Of each word, in [0, 1]: how much noise changes its state. None for a word without subwords; None as a whole for
    a model that gives no states, such as an exported one."""


@dataclass(frozen=True)
class Demonstration:
    """An input, its noise, and the predictions of the models for both."""

    noised: dict[str, str]
    """The fields of the input after noise."""
    words: list[ShownWord]
    models: list[ShownModel]


class Demonstrator:
    """Runs models on the same input before and after noise.

    Paper: Sec. 4.5 for the noise, Sec. 5.2 and Fig. 5 for the sensitivity of a word.

    Args:
        models: by name, all with the same head.
    """

    def __init__(self, models: dict[str, Predictor]) -> None:
        self.models = models
        self._encoders = {name: model.word_encoder() for name, model in models.items()}

    def show(self, given: dict[str, Any], share: float, seed: int, check: Callable[[], None]) -> Demonstration:
        """Return the predictions for an input.

        Args:
            share: of the words of four letters or more that get a typo, in [0, 1]; a larger share keeps the typos of
                a smaller one and adds others.
            check: called between steps; an exception that it raises ends the work.
        """
        head = next(iter(self.models.values())).head
        clean = check_input(given, HEADS[head], "input")
        words, noised = noise_input(clean, share, seed)
        inputs = [asdict(text) for text in (clean, noised)]
        shown = []
        for name, model in self.models.items():
            outputs = model.predict(inputs, places=["input", "input after noise"], check=check)
            check()
            sensitivities = self._sensitivities(self._encoders[name], words)
            shown.append(ShownModel(name, outputs[0], outputs[1], sensitivities))
        fields = {name: value for name, value in inputs[1].items() if name != "place" and value is not None}
        return Demonstration(fields, words, shown)

    def _sensitivities(self, encode: Encode | None, words: Sequence[ShownWord]) -> list[float | None] | None:
        if encode is None:
            return None
        sensitivities: list[float | None] = []
        for field in NOISED_FIELDS:
            mine = [word for word in words if word.field == field]
            if mine:
                clean, noised = [[word.word for word in mine]], [[word.noised for word in mine]]
                (row,) = word_sensitivities(encode, clean, noised)[CONCAT]
                sensitivities += [None if np.isnan(value) else round(float(value), 6) for value in row]
        return sensitivities


def noise_input(clean: Input, share: float, seed: int) -> tuple[list[ShownWord], Input]:
    """Return the words of the fields that get noise, in order, and the input after noise."""
    fields = [name for name in NOISED_FIELDS if getattr(clean, name, None)]
    texts = [getattr(clean, name) for name in fields]
    spans = [split_words(text) for text in texts]
    sentences = [[text[start:end] for start, end in cut] for text, cut in zip(texts, spans, strict=True)]
    corruptions = attack_sentences(sentences, Attack(probability=share), seed, stream="demonstration")
    shown: list[ShownWord] = []
    changed: dict[str, str] = {}
    for field, text, cut, words, corruption in zip(fields, texts, spans, sentences, corruptions, strict=True):
        changed[field], places = replace_words(text, cut, corruption.words)
        edits = {edit.word_index: edit.operation.name for edit in corruption.edits}
        for number, (word, other) in enumerate(zip(words, corruption.words, strict=True)):
            shown.append(ShownWord(field, word, *cut[number], other, *places[number], edits.get(number)))
    noised: Any = clean
    return shown, replace(noised, **changed)

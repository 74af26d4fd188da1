"""Texts and pairs of texts to labels with probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from charbert.batch import EXAMPLE_IDS, Processor
from charbert.deploy.predict.inputs import TextInput
from charbert.deploy.predict.outputs import LabelOutput
from charbert.deploy.predict.windows import OVERLAP
from charbert.tasks.task import Encoded


class LabelReader:
    """Encodes texts for a classifier, and turns its logits into labels.

    A text with more subwords than ``max_length`` is cut into windows that overlap by a quarter, and the mean of their
    logits decides. Of a pair the longer text is cut, each window beside the other one, which keeps at most half of
    the room.

    Args:
        processor: text to model inputs.
        labels: of the model, in the order of its outputs.
        max_length: most subwords of a window.
    """

    def __init__(self, processor: Processor, labels: Sequence[str], max_length: int) -> None:
        self.processor = processor
        self.labels = list(labels)
        self.max_length = max_length

    def encode(self, inputs: Sequence[TextInput]) -> Encoded:
        """Return one feature or more for each input, marked with its number."""
        features: list[dict[str, Any]] = []
        for paired in (False, True):
            chosen = [
                number for number, text_input in enumerate(inputs) if (text_input.text_pair is not None) == paired
            ]
            if not chosen:
                continue
            encoding: Any = self.processor(
                [inputs[number].text for number in chosen],
                [inputs[number].text_pair or "" for number in chosen] if paired else None,
            )
            for row, number in enumerate(chosen):
                if len(encoding["input_ids"][row]) <= self.max_length:
                    features.append(self._feature(encoding, row, number))
                else:
                    features += self._windows(inputs[number], number)
        return Encoded(features, origin=len(inputs))

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[LabelOutput]:
        """Return the label of each input."""
        rows: list[list[np.ndarray]] = [[] for _ in range(encoded.origin)]
        for row, feature in zip(logits, encoded.features, strict=True):
            rows[feature[EXAMPLE_IDS]].append(row)
        return [self._output(np.asarray(windows, np.float64).mean(axis=0), len(windows)) for windows in rows]

    def _output(self, logits: np.ndarray, windows: int) -> LabelOutput:
        exponents = np.exp(logits - logits.max())
        shares = (exponents / exponents.sum()).tolist()
        best = int(np.argmax(shares))
        return LabelOutput(self.labels[best], shares[best], dict(zip(self.labels, shares, strict=True)), windows)

    def _feature(self, encoding: Any, row: int, number: int) -> dict[str, Any]:
        names = self.processor.pad_values
        return {name: values[row] for name, values in encoding.items() if name in names} | {EXAMPLE_IDS: number}

    def _windows(self, text_input: TextInput, number: int) -> Iterator[dict[str, Any]]:
        options: dict[str, Any] = {"truncation": True}
        texts = [text_input.text] if text_input.text_pair is None else [text_input.text, text_input.text_pair]
        room = self.max_length - self._count(*[""] * len(texts))
        if len(texts) == 2:
            lengths = [self._count(text, special=False) for text in texts]
            shorter = int(lengths[0] > lengths[1])
            texts[shorter] = self._cut(texts[shorter], room // 2)
            room -= self._count(texts[shorter], special=False)
            options["truncation"] = "only_second" if shorter == 0 else "only_first"
        encoding: Any = self.processor(
            [texts[0]],
            texts[1:] or None,
            max_length=self.max_length,
            stride=int(room * OVERLAP),
            return_overflowing_tokens=True,
            **options,
        )
        for row in range(len(encoding["input_ids"])):
            yield self._feature(encoding, row, number)

    def _count(self, *texts: str, special: bool = True) -> int:
        encoding = self.processor([texts[0]], [*texts[1:]] or None, add_special_tokens=special)
        return len(encoding["input_ids"][0])

    def _cut(self, text: str, limit: int) -> str:
        """Return the beginning of a text that has no more than ``limit`` subwords."""
        encoding = self.processor([text], add_special_tokens=False, return_offsets_mapping=True)
        offsets = encoding["offset_mapping"][0]
        return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]

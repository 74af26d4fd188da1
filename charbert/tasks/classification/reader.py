"""Texts and pairs of texts as raw text to labels with probabilities."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import softmax

from charbert.batch import EXAMPLE_IDS
from charbert.tasks.encoded import Encoded, take_feature
from charbert.tasks.head import OVERLAP, Output, Reader, TextInput, one_line


@dataclass(frozen=True)
class LabelOutput(Output):
    """The most likely label of a text or a pair of texts."""

    label: str
    probability: float
    """Of the label, in [0, 1]."""
    probabilities: dict[str, float]
    """Of every label."""
    windows: int
    """Windows that the text was cut into; of several the mean of their logits counts."""

    def readable(self, given: Mapping[str, Any]) -> str:
        """Return label, probability and text with tabs between them."""
        texts = [given[name] for name in ("text", "text_pair") if given.get(name) is not None]
        return f"{self.label}\t{self.probability:.3f}\t" + one_line(" | ".join(texts))


class LabelReader(Reader):
    """Encodes texts for a classifier, and decodes its logits to labels.

    A text with more subwords than ``usage.max_length`` is cut into windows that overlap by a quarter, and the mean of
    their logits decides. Of a pair the longer text is cut, and each window is paired with the other text, which takes
    at most half of the subwords.
    """

    def encode(self, inputs: Sequence[TextInput]) -> Encoded:
        """Return one feature or more for each input, marked with its number."""
        features: list[dict[str, Any]] = []
        inputs = self._corrected_inputs(inputs)
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
                if len(encoding["input_ids"][row]) <= self.usage.max_length:
                    features.append(take_feature(encoding, row, **{EXAMPLE_IDS: number}))
                else:
                    features += self._windows(inputs[number], number)
        return Encoded(features, origin=len(inputs))

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[LabelOutput]:
        """Return the label of each input."""
        rows: list[list[np.ndarray]] = [[] for _ in range(encoded.origin)]
        for row, feature in zip(logits, encoded.features, strict=True):
            rows[feature[EXAMPLE_IDS]].append(row)
        return [self._output(np.asarray(windows, np.float64).mean(axis=0), len(windows)) for windows in rows]

    def _corrected_inputs(self, inputs: Sequence[TextInput]) -> Sequence[TextInput]:
        texts = self.corrected([text_input.text for text_input in inputs])
        pairs = self.corrected([text_input.text_pair or "" for text_input in inputs])
        return [
            replace(text_input, text=text, text_pair=None if text_input.text_pair is None else pair)
            for text_input, text, pair in zip(inputs, texts, pairs, strict=True)
        ]

    def _output(self, logits: np.ndarray, windows: int) -> LabelOutput:
        shares = softmax(logits).tolist()
        best = int(np.argmax(shares))
        return LabelOutput(self.labels[best], shares[best], dict(zip(self.labels, shares, strict=True)), windows)

    def _windows(self, text_input: TextInput, number: int) -> Iterator[dict[str, Any]]:
        options: dict[str, Any] = {"truncation": True}
        texts = [text_input.text] if text_input.text_pair is None else [text_input.text, text_input.text_pair]
        space = self.usage.max_length - self._count(*[""] * len(texts))
        if len(texts) == 2:
            lengths = [self._count(text, special=False) for text in texts]
            shorter = int(lengths[0] > lengths[1])
            texts[shorter] = self._cut(texts[shorter], space // 2)
            space -= self._count(texts[shorter], special=False)
            options["truncation"] = "only_second" if shorter == 0 else "only_first"
        encoding: Any = self.processor(
            [texts[0]],
            texts[1:] or None,
            max_length=self.usage.max_length,
            stride=int(space * OVERLAP),
            return_overflowing_tokens=True,
            **options,
        )
        for row in range(len(encoding["input_ids"])):
            yield take_feature(encoding, row, **{EXAMPLE_IDS: number})

    def _count(self, *texts: str, special: bool = True) -> int:
        encoding = self.processor([texts[0]], [*texts[1:]] or None, add_special_tokens=special)
        return len(encoding["input_ids"][0])

    def _cut(self, text: str, limit: int) -> str:
        """Return the beginning of a text that has no more than ``limit`` subwords."""
        encoding = self.processor([text], add_special_tokens=False, return_offsets_mapping=True)
        offsets = encoding["offset_mapping"][0]
        return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]

"""The interface between data and model: the names of the fields of a batch.

Shapes: B sequences, T subwords, C characters. Every field is int64.
"""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

IGNORED_LABEL = -100
"""Label of a position that no loss and no metric counts (the default of torch's cross entropy)."""

TOKEN_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""Inputs of the token channel, each (B, T)."""

CHAR_INPUTS = ("char_input_ids", "start_ids", "end_ids")
"""Inputs of the char channel: characters (B, C), and where each subword starts and ends in them, (B, T) each."""

SHAPE_INPUT = "shape_ids"
"""The shape of each subword's word, (B, T); see `charbert.model.inputs.word_shapes`."""

PRETRAINING_LABELS = ("mlm_labels", "nlm_labels")
"""Labels of the pretraining objectives, each (B, T), ``IGNORED_LABEL`` where nothing is to be predicted."""

OBJECTIVES = ("mlm", "nlm")
"""Objectives of pretraining; the prefixes of their losses and counts in a model's output."""

EXAMPLE_IDS = "example_ids"
"""The example of each row, (B,); the trainer removes it before calling the model."""

LABEL_FIELDS = ("labels", "start_positions", "end_positions")
"""Labels of fine-tuning."""

TEACHER, NOISED = "teacher", "noised"
"""Paired batches of a batch: the same examples in a teacher's encoding, and with typos."""

OWN_POSITIONS, THEIR_POSITIONS = "own_positions", "their_positions"
"""In a paired batch, (B, P) each, -1 for none: positions of the batch, and the positions of the paired batch for the
same words or subwords."""

NO_POSITION = -1
"""Pads rows of positions to the longest."""


@runtime_checkable
class Processor(Protocol):
    """Text to model inputs, with the call shape of a Hugging Face fast tokenizer."""

    @property
    def pad_values(self) -> dict[str, int]:
        """Padding value of each field that the processor produces."""

    def __call__(
        self,
        text: str | Sequence[str] | Sequence[Sequence[str]],
        text_pair: str | Sequence[str] | None = None,
        *,
        is_split_into_words: bool = False,
        truncation: bool | str = False,
        max_length: int | None = None,
        **options: Any,
    ) -> Any:
        """Return the encoding of one text or many: a mapping with ``word_ids(i)`` and ``sequence_ids(i)``."""

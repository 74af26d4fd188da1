"""Encoded texts, with the subword and the letters of each input position."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from charbert.errors import DataError
from charbert.evaluation.explanation import Piece
from charbert.model.tokenization import CharBertTokenizer


@dataclass(frozen=True)
class Question:
    """One row of inputs to a model."""

    batch: dict[str, Tensor]
    """The fields of the model, one row each."""
    pieces: tuple[Piece, ...]
    """One for each subword."""
    sequences: tuple[int | None, ...]
    """For each subword, which of two texts it belongs to; None for a special one."""

    is_cut: bool = False
    """Whether the text was truncated."""

    @property
    def word_positions(self) -> dict[int, int]:
        """Position of the first subword of each word that has one, for texts given as words."""
        positions: dict[int, int] = {}
        for position, piece in enumerate(self.pieces):
            if piece.word is not None:
                positions.setdefault(piece.word, position)
        return positions

    @property
    def known(self) -> Tensor:
        """True for the subwords of words, False for special ones, (1, T)."""
        return torch.tensor([[piece.word is not None for piece in self.pieces]])

    def known_characters(self, size: int) -> Tensor:
        """Return True for the letters of words, (1, C)."""
        known = torch.zeros(1, size, dtype=torch.bool)
        for piece in self.pieces:
            if piece.word is not None:
                known[0, piece.first : piece.first + len(piece.characters)] = True
        return known


def ask(
    processor: CharBertTokenizer, first: str | Sequence[str], second: str | None = None, *, max_length: int
) -> Question:
    """Return the encoding of a text, a text given as words, or a pair of texts.

    Args:
        first: a text, or the words of one.
        second: the second text of a pair.
        max_length: most subwords; of longer texts the second, or the only one, is truncated.

    Raises:
        DataError: if there are no words, or the first of two texts is too long.
    """
    is_words = not isinstance(first, str)
    texts = [list(first)] if is_words else [first]
    pair = None if second is None else [second]
    options: dict[str, Any] = {"is_split_into_words": is_words, "return_offsets_mapping": True}
    encoding = processor(texts, pair, **options)
    is_cut = len(encoding["input_ids"][0]) > max_length
    if is_cut:
        if len(encoding["input_ids"][0]) - encoding.sequence_ids(0).count(1) >= max_length and pair is not None:
            raise DataError(f"the first text fills all {max_length} subwords; shorten it")
        shortened = "only_first" if pair is None else "only_second"
        encoding = processor(texts, pair, truncation=shortened, max_length=max_length, **options)
    names = processor.convert_ids_to_tokens(encoding["input_ids"][0])
    words, sequences = encoding.word_ids(0), encoding.sequence_ids(0)
    if all(word is None for word in words):
        raise DataError("the text has no words to explain; give one with explain.text")
    starts, ends = (encoding[name][0] if processor.char_vocab else None for name in ("start_ids", "end_ids"))
    pieces = []
    for position, (name, word, sequence) in enumerate(zip(names, words, sequences, strict=True)):
        if word is None:
            pieces.append(Piece(name, (), 0, None))
            continue
        source = second if sequence == 1 else first[word] if is_words else first
        begin, stop = encoding["offset_mapping"][0][position]
        letters, start = str(source)[begin:stop], 0
        if starts is not None and ends is not None:  # the model may read a letter as several, or not at all
            start, size = starts[position], ends[position] - starts[position] + 1
            letters = letters[:size].ljust(size, "·")
        pieces.append(Piece(name, tuple(letters), start, word))
    fields = {name: torch.tensor(encoding[name]) for name in processor.pad_values}
    return Question(fields, tuple(pieces), tuple(sequences), is_cut)

"""Characters to subword states: the input of the char channel."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from charbert.model.configuration import CharBertConfig
from charbert.model.kernels import is_plain
from charbert.model.kernels.fast_gru import read_both_ways
from charbert.model.kernels.packed_rows import read_packed

_WEIGHTS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
"""Of one direction of a GRU, those of the other end in ``_reverse``."""


class CharGru(nn.GRU):
    """A Bi-GRU whose backward direction starts at the last character of its row, not in the padding.

    The parameters and their names are those of ``nn.GRU``. On a CPU the rows are mirrored by their lengths, since
    packed sequences take six times as long to train. On a GPU one cuDNN call reads a packed sequence in both
    directions. A `CharEncoder` calls it only where the embedded characters are needed one by one; see `read_ends`.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, bidirectional=True, batch_first=True)

    def forward(self, chars: Tensor, lengths: Tensor) -> Tensor:  # type: ignore[override]
        """Map (B, C, E) and the lengths of the rows, (B,), to the states of both directions, (B, C, 2h).

        States after a row's last character are undefined.
        """
        if chars.is_cuda:
            return self.read_packed(chars, lengths)
        return self.read_mirrored(chars, lengths)

    def read_packed(self, chars: Tensor, lengths: Tensor) -> Tensor:
        """Map as ``forward`` does, through a packed sequence."""
        return read_packed(self._read_both, chars, lengths)

    def read_mirrored(self, chars: Tensor, lengths: Tensor) -> Tensor:
        """Map as ``forward`` does, through one pass per direction."""
        rows = torch.arange(chars.shape[0], device=chars.device)[:, None]
        mirror = mirror_positions(lengths, chars.shape[1])
        with torch.autocast(chars.device.type, enabled=False):  # a bfloat16 GRU is slower on a CPU than a float32 one
            forward = self._read(chars, "")
            backward = self._read(chars[rows, mirror], "_reverse")
        return torch.cat([forward, backward[rows, mirror]], dim=-1)  # (B, C, 2h)

    def _read_both(self, packed: PackedSequence) -> tuple[PackedSequence, Tensor]:
        """Return the states of both directions, and the last ones."""
        weights = [getattr(self, name + direction) for direction in ("", "_reverse") for name in _WEIGHTS]
        start = packed.data.new_zeros(2, int(packed.batch_sizes[0]), self.hidden_size)
        trains = torch.is_grad_enabled()  # cuDNN goes backward only then, also in evaluation; there is no dropout
        states, last = torch.gru(packed.data, packed.batch_sizes, start, weights, True, 1, 0.0, trains, True)
        return packed._replace(data=states), last

    def _read(self, chars: Tensor, direction: str) -> Tensor:
        """Return the states of one direction, (B, C, h), read from left to right."""
        weights = [getattr(self, name + direction) for name in _WEIGHTS]
        start = chars.new_zeros(1, chars.shape[0], self.hidden_size)
        return torch.gru(chars, start, weights, True, 1, 0.0, self.training, False, True)[0]


class CharEncoder(nn.Module):
    """Subword states from a Bi-GRU over all characters of the input.

    Paper: Sec. 3.3, Eqs. 1-2; the GRU runs over the whole character sequence, not word by word.
    Released code: its backward direction also reads the padding; see ReleasedCharEncoder.
    """

    def __init__(self, config: CharBertConfig) -> None:
        super().__init__()
        self.pad_id = config.char_pad_id
        self.embedding = nn.Embedding(config.char_vocab_size, config.char_embedding_size, padding_idx=self.pad_id)
        self.gru = CharGru(config.char_embedding_size, config.char_hidden_size)

    def forward(self, char_input_ids: Tensor, start_ids: Tensor, end_ids: Tensor) -> Tensor:
        """Map characters (B, C) and the subwords' first and last characters (B, T) to states (B, T, H)."""
        lengths = self.lengths(char_input_ids)
        if not torch.compiler.is_compiling():  # an exported graph keeps the length it is given
            char_input_ids = char_input_ids[:, : max(1, int(lengths.max()))]
        parts = ((self.embedding, nn.Embedding), (self.gru, CharGru))
        on_cpu = char_input_ids.device.type == "cpu" and not torch.compiler.is_compiling()
        if on_cpu and all(is_plain(*part) for part in parts):
            mirror = mirror_positions(lengths, char_input_ids.shape[1])
            return read_ends(self.gru, self.embedding, char_input_ids, mirror, (start_ids, end_ids))
        states = self.gru(self.embedding(char_input_ids), lengths)  # (B, C, H/2), Eq. 1
        return gather_ends(states, start_ids, end_ids)  # (B, T, H), Eq. 2

    def lengths(self, char_input_ids: Tensor) -> Tensor:
        """Return how many characters of each row (B, C) are read, (B,)."""
        return char_lengths(char_input_ids, self.pad_id)


class ReleasedCharEncoder(CharEncoder):
    """The char encoder of the authors' weights.

    Released code: one Bi-GRU over the padded sequence, so the states depend on the amount of padding; the padding id 0
        is also the space, the separator and every special subword, and its embedding is random and never trained.
    """

    def lengths(self, char_input_ids: Tensor) -> Tensor:
        """Return the number of all characters of each row (B, C), those of its padding too, (B,)."""
        return char_input_ids.new_full(char_input_ids.shape[:1], char_input_ids.shape[1])


class EmbeddingCharEncoder(nn.Module):
    """The ablation without GRU: a subword is the embeddings of its first and last character.

    Paper: Sec. 4.6, Table 4, "w/o GRU".
    Departure: the paper does not say how the embeddings reach H; here each has H / 2 features.
    """

    def __init__(self, config: CharBertConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.char_vocab_size, config.hidden_size // 2, padding_idx=config.char_pad_id)

    def forward(self, char_input_ids: Tensor, start_ids: Tensor, end_ids: Tensor) -> Tensor:
        """Map characters (B, C) and the subwords' first and last characters (B, T) to states (B, T, H)."""
        return gather_ends(self.embedding(char_input_ids), start_ids, end_ids)  # (B, T, H)


def build_char_encoder(config: CharBertConfig) -> nn.Module | None:
    """Return the char encoder that the configuration names, or None where there is no char channel."""
    if config.char_encoder == "none":
        return None
    if config.char_encoder == "embeddings":
        return EmbeddingCharEncoder(config)
    return ReleasedCharEncoder(config) if config.variant == "released" else CharEncoder(config)


def read_ends(gru: nn.GRU, embedding: nn.Embedding, ids: Tensor, mirror: Tensor, ends: tuple[Tensor, Tensor]) -> Tensor:
    """Return the states of a Bi-GRU at the first and at the last character of each subword, (B, T, 4h), Eqs. 1-2.

    They equal those of ``gru(embedding(ids))`` with the backward direction read in the order of ``mirror``, and take
    half the time on a CPU.

    Args:
        gru: bidirectional, of one layer.
        embedding: of characters; its padding row gets no gradient.
        ids: characters, (B, C).
        mirror: position read in place of each when rows are read backwards, (B, C); its own inverse.
        ends: positions in C of the first and of the last characters, (B, T) each.
    """
    weight_ih, weight_hh, bias_ih, bias_hh = (
        torch.stack([getattr(gru, name), getattr(gru, f"{name}_reverse")]) for name in _WEIGHTS
    )
    is_padding = torch.arange(embedding.num_embeddings).eq(
        -1 if embedding.padding_idx is None else embedding.padding_idx
    )
    embeddings = torch.where(is_padding[:, None], embedding.weight.detach(), embedding.weight)
    with torch.autocast("cpu", enabled=False):  # a bfloat16 GRU is slower on a CPU than a float32 one
        table = torch.baddbmm(bias_ih[:, None], embeddings.expand(2, -1, -1), weight_ih.transpose(1, 2))
        read = torch.stack([ids, ids.gather(1, mirror)]).transpose(1, 2)  # (2, C, B)
        states = read_both_ways(read, table, weight_hh, bias_hh)  # (2, C, B, h)
    positions = torch.stack([where for end in ends for where in (end, mirror.gather(1, end))], dim=-1)
    rows = torch.arange(ids.shape[0])[:, None, None]
    flat = (torch.tensor([0, 1, 0, 1]) * ids.shape[1] + positions) * ids.shape[0] + rows  # (B, T, 4)
    return states.flatten(0, 2).index_select(0, flat.flatten()).view(*flat.shape[:2], -1)


def char_lengths(char_input_ids: Tensor, pad_id: int) -> Tensor:
    """Return how many characters each row of (B, C) has before its padding, (B,)."""
    size = char_input_ids.shape[1]
    positions = torch.arange(size, device=char_input_ids.device)
    return torch.where(char_input_ids == pad_id, positions, size).amin(dim=1)  # ONNX has no cumulative product


def mirror_positions(lengths: Tensor, size: int) -> Tensor:
    """Return the position read in place of each of ``size`` ones when rows are reversed, (B, size); padding stays.

    The map is its own inverse.
    """
    positions = torch.arange(size, device=lengths.device).expand(lengths.shape[0], size)
    return torch.where(positions < lengths[:, None], lengths[:, None] - 1 - positions, positions)


def gather_ends(states: Tensor, start_ids: Tensor, end_ids: Tensor) -> Tensor:
    """Join the states (B, C, S) at each subword's first and last character to (B, T, 2S). Paper: Eq. 2."""
    rows = torch.arange(states.shape[0], device=states.device)[:, None]
    return torch.cat([states[rows, start_ids], states[rows, end_ids]], dim=-1)

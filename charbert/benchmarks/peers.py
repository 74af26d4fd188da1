"""Other ways to read misspelt text, at the width and depth of the trunk and on the same text, with random weights.

Each has what a user would run: an encoder with a linear head for tags, and what makes its input from words. Sources:
CharacterBERT, El Boukkouri et al. (2020), Sec. 3, its released model restated; CANINE-s, Clark et al. (2022), and the
encoder of ByT5-small, Xue et al. (2022), as in transformers; the word recognizer, Pruthi et al. (2019).
Shapes: B texts, W words, A bytes of a word, T positions, H hidden size.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertModel, CanineConfig, CanineModel, T5Config, T5EncoderModel

from charbert.benchmarks.steps import PAPER, TRUNK, autocast, build_model, device
from charbert.config.bench import BenchSettings, ShapeSettings
from charbert.config.training.trainer import Precision
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.word_recognizer.correction import WordCorrector
from charbert.model.word_recognizer.network import WordRecognizer, WordRecognizerConfig
from charbert.text.char_vocab import CharVocab
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import REPAIR, DictionaryRules
from charbert.text.repair.repaired import Corrector

Rows = Sequence[Sequence[str]]
"""Words of each text."""
Encode = Callable[[Rows], dict[str, Tensor]]

TAGS = 9
RECOGNIZED = 10_000
"""Words of the recognizer's vocabulary, as in Pruthi et al."""
_FILTERS = ((1, 32), (2, 32), (3, 64), (4, 128), (5, 256), (6, 512), (7, 1024))
_WIDTH = 768
"""Of the released model; narrower ones have as many filters less."""
_WORD_BYTES, _BYTE_STATES, _HIGHWAYS = 50, 16, 2
_SPECIAL_BYTES = 3


@dataclass(frozen=True)
class Peer:
    """A model, and how it gets its input."""

    encode: Encode
    model: nn.Module


class Tagger(nn.Module):
    """An encoder and a linear head on the states of all its positions."""

    def __init__(self, encoder: nn.Module, states: int) -> None:
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(states, TAGS)

    def forward(self, **batch: Tensor) -> Tensor:
        """Return the logits of tags, (B, T, TAGS)."""
        output = self.encoder(**batch)
        if "last_hidden_state" in output:
            return self.head(output["last_hidden_state"])
        states = [output[name] for name in ("token_states", "char_states") if name in output]
        return self.head(torch.cat(states, dim=-1))


class WordConvolutions(nn.Module):
    """CharacterBERT's encoder: convolutions over the bytes of each word, highway layers, and BERT over words."""

    def __init__(self, trunk: BertConfig) -> None:
        super().__init__()
        filters = [(length, max(1, size * trunk.hidden_size // _WIDTH)) for length, size in _FILTERS]
        width = sum(size for _, size in filters)
        self.bytes = nn.Embedding(256 + _SPECIAL_BYTES, _BYTE_STATES, padding_idx=0)
        self.convolutions = nn.ModuleList(nn.Conv1d(_BYTE_STATES, size, length) for length, size in filters)
        self.highways = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(_HIGHWAYS))
        self.project = nn.Linear(width, trunk.hidden_size)
        self.trunk = BertModel(trunk, add_pooling_layer=False)

    def forward(self, byte_ids: Tensor, attention_mask: Tensor) -> Any:
        """Return the trunk's output for words spelt as ``byte_ids``, (B, W, A)."""
        spelled = self.bytes(byte_ids.flatten(0, 1)).transpose(1, 2)  # (B W, E, A)
        states = torch.cat([F.relu(convolve(spelled).amax(-1)) for convolve in self.convolutions], dim=-1)
        for highway in self.highways:
            change, gate = highway(states).chunk(2, dim=-1)
            gate = gate.sigmoid()
            states = gate * states + (1 - gate) * F.relu(change)
        words = self.project(states).unflatten(0, byte_ids.shape[:2])  # (B, W, H)
        return self.trunk(inputs_embeds=words, attention_mask=attention_mask)


def build_peers(
    plain: CharBertTokenizer, both: CharBertTokenizer, counts: Counter[str], bench: BenchSettings, shape: ShapeSettings
) -> dict[str, Peer]:
    """Return the peers by name, the trunk first.

    Args:
        both: the same with characters, for CharBERT.
        counts: how often each word occurs in the corpus, in lower case; of dictionary and recognizer.
        bench: vocabulary sizes and dropout.
        shape: of the trunk, and the most subwords of a text.
    """
    trunk = build_model(TRUNK, bench, shape, bench.dropout).base_model
    size = shape.hidden_size
    common = {"hidden_size": size, "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads}
    dropouts = {"hidden_dropout_prob": bench.dropout, "attention_probs_dropout_prob": bench.dropout}
    bert = BertConfig(intermediate_size=4 * size, max_position_embeddings=max(512, shape.length), **common, **dropouts)
    canine = CanineConfig(intermediate_size=4 * size, **common, **dropouts)
    byt5 = T5Config(
        vocab_size=384,
        d_model=size,
        d_ff=4 * size,
        d_kv=size // shape.heads,
        num_layers=shape.layers,
        num_heads=shape.heads,
        dropout_rate=bench.dropout,
        feed_forward_proj="gated-gelu",
    )
    tagger = Tagger(trunk, size)
    subwords = _subwords(plain, shape.length)
    recognizer = _random_recognizer(counts)
    peers = {
        "BERT": Peer(subwords, tagger),
        "BERT + dictionary": Peer(_corrected(DictionaryCorrector(counts, DictionaryRules()), subwords), tagger),
        "BERT + Repair": Peer(_corrected(DictionaryCorrector(counts, REPAIR), subwords), tagger),
        # random weights give random words, so what was read is tokenized
        "BERT + word recognizer": Peer(_corrected(recognizer, subwords, keeps=True), tagger),
        "CharBERT": Peer(
            _subwords(both, shape.length), Tagger(build_model(PAPER, bench, shape, bench.dropout).base_model, 2 * size)
        ),
        "CharacterBERT": Peer(_spelled, Tagger(WordConvolutions(bert), size)),
        "CANINE-s": Peer(_code_points, Tagger(CanineModel(canine, add_pooling_layer=False), size)),
        "ByT5, encoder": Peer(_utf8, Tagger(T5EncoderModel(byt5), size)),
    }
    for peer in peers.values():
        peer.model.to(device())
    return peers


def texts_of(words: Sequence[str], plain: CharBertTokenizer, shape: ShapeSettings, texts: int) -> list[list[str]]:
    """Return texts that fill ``shape.length`` subwords, or nearly, from a sequence of enough words."""
    rows = []
    for first in range(0, texts * shape.length, shape.length):
        row = list(words[first : first + shape.length])
        encoded = plain([row], is_split_into_words=True, truncation=True, max_length=shape.length)
        whole = max(index for index in encoded.word_ids(0) if index is not None)  # the last word may be cut
        rows.append(row[: max(1, whole)])
    return rows


def tagging_step(peer: Peer, rows: Rows, precision: Precision) -> Callable[[], None]:
    """Return a step of fine-tuning: forward, backward, clipping and AdamW."""
    model, batch = peer.model, peer.encode(rows)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)

    def step() -> None:
        model.train()
        with autocast(precision):
            logits = model(**batch).flatten(0, 1).float()
        F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def tagging_pass(peer: Peer, batches: Sequence[Rows], precision: Precision, *, from_text: bool) -> Callable[[], None]:
    """Return a forward pass, of the first batch; or with ``from_text`` correction, encoding and pass of the next one.

    Each time another batch, since dictionaries keep what they have corrected.
    """
    following = iter(batches)
    given = None if from_text else peer.encode(batches[0])

    @torch.inference_mode()
    def run() -> None:
        peer.model.eval()
        batch = peer.encode(next(following)) if given is None else given
        with autocast(precision):
            peer.model(**batch)

    return run


def _subwords(processor: CharBertTokenizer, length: int) -> Encode:
    def encode(rows: Rows) -> dict[str, Tensor]:
        words = [list(row) for row in rows]
        limits: dict[str, Any] = {"truncation": True, "padding": True, "max_length": length}
        return _on_device(dict(processor(words, is_split_into_words=True, return_tensors="pt", **limits)))

    return encode


def _corrected(corrector: Corrector, encode: Encode, *, keeps: bool = False) -> Encode:
    def correct_and_encode(rows: Rows) -> dict[str, Tensor]:
        corrected = corrector.correct_many(rows)
        return encode(rows if keeps else corrected)

    return correct_and_encode


def _spelled(rows: Rows) -> dict[str, Tensor]:
    ids = torch.zeros(len(rows), max(map(len, rows)), _WORD_BYTES, dtype=torch.long)
    mask = torch.zeros(ids.shape[:2], dtype=torch.long)
    for row, words in enumerate(rows):
        mask[row, : len(words)] = 1
        for index, word in enumerate(words):
            spelling = torch.tensor([byte + _SPECIAL_BYTES for byte in word.encode()[:_WORD_BYTES]])
            ids[row, index, : len(spelling)] = spelling
    return _on_device({"byte_ids": ids, "attention_mask": mask})


def _code_points(rows: Rows) -> dict[str, Tensor]:
    return _padded([[ord(character) for character in " ".join(words)] for words in rows])


def _utf8(rows: Rows) -> dict[str, Tensor]:
    return _padded([[byte + _SPECIAL_BYTES for byte in " ".join(words).encode()] for words in rows])


def _padded(rows: Sequence[Sequence[int]]) -> dict[str, Tensor]:
    ids = [torch.tensor(row) for row in rows]
    masks = [torch.ones(len(row), dtype=torch.long) for row in rows]
    padded = {"input_ids": ids, "attention_mask": masks}
    return _on_device({name: pad_sequence(values, batch_first=True) for name, values in padded.items()})


def _random_recognizer(counts: Counter[str]) -> WordCorrector:
    words = [word for word, _ in counts.most_common(RECOGNIZED)]
    characters = CharVocab.build(words, size=1000).to_dict()
    return WordCorrector(WordRecognizer(WordRecognizerConfig(words=words, char_vocab=characters)).to(device()))


def _on_device(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: values.to(device()) for name, values in batch.items()}

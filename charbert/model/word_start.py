"""Initial weights of the NLM decoder from the trunk's embeddings."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from charbert.errors import SettingsError
from charbert.model.pretraining import CharBertForPreTraining


@torch.no_grad()
def start_words_at_subwords(
    model: CharBertForPreTraining, words: Sequence[str], tokenizer: PreTrainedTokenizerBase
) -> None:
    """Set each word's row of the NLM decoder to the mean of the trunk's embeddings of its subwords.

    The mean of all embeddings is subtracted. Rows after the words, such as that of ``<unk>``, are zero.

    Args:
        model: with an NLM head; changed in place.
        words: by id.

    Raises:
        SettingsError: if there is no NLM head, or the trunk's embeddings are narrower than its states.
    """
    embeddings = cast(nn.Embedding, model.get_input_embeddings()).weight  # (V, H)
    if model.nlm_head is None:
        raise SettingsError("model.word_start=trunk needs an NLM head, but nlm_vocab_size=0")
    decoder = model.nlm_head.decoder
    if embeddings.shape[1] != decoder.in_features:
        raise SettingsError(
            f"model.word_start=trunk needs subword embeddings as wide as the trunk's states, {decoder.in_features}; "
            f"this trunk's have {embeddings.shape[1]}; set model.word_start=random"
        )
    decoder.weight.zero_()
    decoder.weight[: len(words)] = _mean_embeddings(words, tokenizer, embeddings - embeddings.mean(dim=0))
    decoder.bias.zero_()


def _mean_embeddings(words: Sequence[str], tokenizer: PreTrainedTokenizerBase, embeddings: Tensor) -> Tensor:
    """Return the mean embedding of each word's subwords, (W, H), zeros for a word without any."""
    # Byte-level vocabularies mark a word by the space before it; for others the space makes no difference.
    encoded = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
    counts = torch.tensor([len(subwords) for subwords in encoded])
    rows = torch.arange(len(words)).repeat_interleave(counts)
    subwords = torch.tensor([subword for ids in encoded for subword in ids], dtype=torch.long)
    sums = embeddings.new_zeros(len(words), embeddings.shape[1]).index_add_(0, rows, embeddings[subwords])
    return sums / counts.clamp(min=1)[:, None]

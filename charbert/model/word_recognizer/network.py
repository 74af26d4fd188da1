"""The semi-character word recognizer that BERT+WordRec runs before BERT.

Paper: Sec. 4.5, Table 2; the model is that of Pruthi et al. (2019), "Combating Adversarial Misspellings with
Robust Word Recognition".
Shapes: B sentences, T words, A characters, R words of the vocabulary.
"""

from functools import partial
from typing import Any, Self, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import TokenClassifierOutput

from charbert.batch import IGNORED_LABEL
from charbert.errors import SettingsError
from charbert.model.kernels.packed_rows import read_packed
from charbert.model.loading.weights import load_whole


class WordRecognizerConfig(PreTrainedConfig):
    """Everything needed to rebuild a word recognizer, and to encode its input and decode its output.

    Args:
        words: the vocabulary, lower-cased; output i is ``words[i]``, the last output stands for any other word.
        char_vocab: the characters, as ``CharVocab.to_dict`` gives them.
        hidden_size: LSTM states per direction; 50 in Pruthi et al.
        num_layers: LSTM layers; 1 in Pruthi et al.
    """

    model_type = "word_recognizer"

    words: list[str] | None = None
    char_vocab: dict[str, Any] | None = None
    hidden_size: int = 50
    num_layers: int = 1

    @property
    def unknown_id(self) -> int:
        """Output that stands for every word outside the vocabulary."""
        return len(self.words or ())

    @property
    def num_characters(self) -> int:
        """Number of character ids A."""
        return len(self.char_vocab["characters"]) if self.char_vocab else 0


class WordRecognizer(PreTrainedModel):
    """A Bi-LSTM over semi-characters, and a softmax over the vocabulary for each word.

    Source: Pruthi et al. (2019), Sec. 3.1, after Sakaguchi et al. (2017).
    Departure: their padding is a separate class; here padded words are in no loss and need none.
    """

    config_class = WordRecognizerConfig
    base_model_prefix = "word_recognizer"
    main_input_name = "first_ids"

    def __init__(self, config: WordRecognizerConfig) -> None:
        super().__init__(config)
        if not config.words or not config.char_vocab:
            raise SettingsError("word recognizer: config.words and config.char_vocab must not be empty")
        self.lstm = nn.LSTM(
            3 * config.num_characters,
            config.hidden_size,
            num_layers=config.num_layers,
            batch_first=True,
            bidirectional=True,
        )
        self.classifier = nn.Linear(2 * config.hidden_size, config.unknown_id + 1)
        self.post_init()

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, *args: Any, **kwargs: Any) -> Self:
        """Return a saved word recognizer.

        Raises:
            CheckpointError: if a weight is missing or no finite number.
        """
        load = partial(super().from_pretrained, *args)
        return cast(Self, load_whole(load, pretrained_model_name_or_path, **kwargs)[0])

    def _init_weights(self, module: nn.Module) -> None:
        """Use PyTorch's own initial weights, as the original does."""
        if isinstance(module, nn.LSTM | nn.Linear):
            module.reset_parameters()

    def forward(
        self,
        first_ids: Tensor,
        inner_counts: Tensor,
        last_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> TokenClassifierOutput:
        """Return the score of each word of the vocabulary and, last, of any other word, (B, T, R + 1).

        Args:
            first_ids: id of each word's first character, (B, T).
            inner_counts: counts of each word's inner characters, (B, T, A).
            last_ids: id of each word's last character, (B, T).
            attention_mask: 1 for words, 0 for padding after them, (B, T), no row all padding; None: no padding.
            labels: the right words, (B, T), ``IGNORED_LABEL`` where nothing is to be predicted.
        """
        size = self.config.num_characters
        dtype = self.classifier.weight.dtype
        ends = [F.one_hot(ids, size).to(dtype) for ids in (first_ids, last_ids)]
        inputs = torch.cat([ends[0], inner_counts.to(dtype), ends[1]], dim=-1)  # (B, T, 3A)
        if attention_mask is None:
            attention_mask = torch.ones_like(first_ids)
        logits = self.classifier(read_packed(self.lstm, inputs, attention_mask.sum(-1)))  # (B, T, R + 1)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED_LABEL)
        return TokenClassifierOutput(loss=loss, logits=logits)


AutoConfig.register("word_recognizer", WordRecognizerConfig, exist_ok=True)
AutoModel.register(WordRecognizerConfig, WordRecognizer, exist_ok=True)

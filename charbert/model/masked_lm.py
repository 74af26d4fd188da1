"""CharBERT that fills in masked subwords, with the interface of the library's models of that kind."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers.modeling_outputs import MaskedLMOutput
from transformers.utils import can_return_tuple

from charbert.model.charbert import CharBertModel
from charbert.model.configuration import CharBertConfig
from charbert.model.heads import CharBertForPreTraining
from charbert.model.language_heads import MlmHead
from charbert.model.losses import mean_cross_entropy
from charbert.model.trunk import trunk_adapter


class CharBertForMaskedLM(CharBertForPreTraining):
    """A score for every subword of the vocabulary at every position, from the token channel. Paper: Sec. 3.5.

    It reads what pretraining saved, without the NLM head. The mask has no characters; so must every subword that is to
    be predicted, see ``CharBertTokenizer.hide_subwords``, which the library's collator for MLM does not call.
    """

    _keys_to_ignore_on_load_unexpected = [r"^nlm_head\."]  # noqa: RUF012 (the form that transformers reads)

    def __init__(self, config: CharBertConfig) -> None:
        super(CharBertForPreTraining, self).__init__(config)  # its heads are left out
        self.charbert = CharBertModel(config)
        self.mlm_head = MlmHead(config, trunk_adapter(config.trunk_config).norm_eps(config.trunk_config))
        self.nlm_head = None
        self._tie_decoder()
        self.post_init()

    @can_return_tuple
    def forward(  # other labels, other output
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        char_input_ids: Tensor | None = None,
        start_ids: Tensor | None = None,
        end_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **options: Any,
    ) -> MaskedLMOutput:
        """Return logits (B, T, V); ``labels`` are (B, T), -100 where there is none.

        Every other input, ``options`` included, is as in ``CharBertModel.forward``.
        """
        assert self.mlm_head is not None
        inputs = (input_ids, attention_mask, token_type_ids, char_input_ids, start_ids, end_ids)
        states = self.charbert(*inputs, **options, return_dict=True)
        logits = self.mlm_head(states.token_states)  # (B, T, V)
        loss = None if labels is None else mean_cross_entropy(logits.flatten(0, 1), labels.flatten())
        return MaskedLMOutput(
            loss=loss, logits=logits, hidden_states=states.token_hidden_states, attentions=states.attentions
        )

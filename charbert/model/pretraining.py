"""CharBERT with its pretraining objectives, MLM and NLM (Sec. 3.5), and with MLM alone as the library has it."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import MaskedLMOutput
from transformers.utils import ModelOutput, can_return_tuple

from charbert.batch import IGNORED_LABEL
from charbert.errors import SettingsError
from charbert.model.charbert import CharBertModel, CharBertPreTrainedModel
from charbert.model.configuration import CharBertConfig
from charbert.model.language_heads import MlmHead, NlmHead
from charbert.model.losses import labeled_loss, mean_cross_entropy
from charbert.model.trunk import trunk_adapter

T = TypeVar("T")


@dataclass
class CharBertPreTrainingOutput(ModelOutput):
    """Losses and accuracy counts where labels were given, else scores for every position.

    ``loss`` is the sum of ``mlm_loss`` and ``nlm_loss``. Counts are detached scalars: labeled positions, and how many
    of them were predicted right; the ``known`` counts leave out words outside NLM's vocabulary. Logits are (B, T, V)
    and (B, T, W), and None once labels are given.
    """

    loss: Tensor | None = None
    mlm_loss: Tensor | None = None
    nlm_loss: Tensor | None = None
    mlm_count: Tensor | None = None
    mlm_correct: Tensor | None = None
    nlm_count: Tensor | None = None
    nlm_correct: Tensor | None = None
    nlm_known_count: Tensor | None = None
    nlm_known_correct: Tensor | None = None
    mlm_logits: Tensor | None = None
    nlm_logits: Tensor | None = None
    token_states: Tensor | None = None
    char_states: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class CharBertForPreTraining(CharBertPreTrainedModel):
    """CharBERT with the two unsupervised objectives.

    Paper: Sec. 3.5: MLM on the token channel, on words without noise; NLM on the char channel, on noised words. The
        loss is their sum.
    Either head can be left out: ``mlm_objective=False``, ``nlm_vocab_size=0``.
    """

    _reads_trunk_head = True

    def __init__(self, config: CharBertConfig) -> None:
        super().__init__(config)
        self.charbert = CharBertModel(config)
        norm_eps = trunk_adapter(config.trunk_config).norm_eps(config.trunk_config)
        self.mlm_head = MlmHead(config, norm_eps) if config.mlm_objective else None
        self.nlm_head = NlmHead(config, norm_eps) if config.nlm_vocab_size else None
        self._tie_decoder()
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        char_input_ids: Tensor | None = None,
        start_ids: Tensor | None = None,
        end_ids: Tensor | None = None,
        mlm_labels: Tensor | None = None,
        nlm_labels: Tensor | None = None,
        shape_ids: Tensor | None = None,
        **options: Any,
    ) -> CharBertPreTrainingOutput:
        """Return the losses for the labels given, or without labels the scores of every position.

        Args:
            input_ids: subwords, (B, T); this and the next five as in ``CharBertModel.forward``.
            attention_mask: (B, T).
            token_type_ids: (B, T).
            char_input_ids: (B, C).
            start_ids: (B, T).
            end_ids: (B, T).
            mlm_labels: the masked subwords, (B, T), -100 elsewhere; ignored without that head.
            nlm_labels: the original words of noised ones, (B, T), -100 elsewhere; ignored without that head.
            shape_ids: (B, T), as there.
            **options: ``inputs_embeds``, ``output_hidden_states`` and ``output_attentions``, as there.
        """
        inputs = (input_ids, attention_mask, token_type_ids, char_input_ids, start_ids, end_ids)
        states = self.charbert(*inputs, shape_ids=shape_ids, **options, return_dict=True)
        values = {"token_states": states.token_states, "char_states": states.char_states, **states.recorded()}
        unlabeled = mlm_labels is None and nlm_labels is None
        if self.mlm_head is not None:
            _report(values, "mlm", self.mlm_head, states.token_states, mlm_labels, unlabeled)
        if self.nlm_head is not None:
            nlm_states = self.nlm_states(states.token_states, states.char_states)
            unknown_word = self.config.nlm_vocab_size - 1  # the last id, see charbert.data.pretraining.word_vocab
            _report(values, "nlm", self.word_logits, nlm_states, nlm_labels, unlabeled, unknown_word)
        losses = [values[name] for name in ("mlm_loss", "nlm_loss") if name in values]
        if losses:
            values["loss"] = torch.stack(losses).sum()
        return CharBertPreTrainingOutput(**values)  # at once, so that the loss is first in its tuple

    def nlm_states(self, token_states: T, char_states: T | None) -> T:
        """Return the states that NLM reads, those of the channel ``config.nlm_channel``."""
        return token_states if char_states is None or self.config.nlm_channel == "token" else char_states

    def word_logits(self, states: Tensor) -> Tensor:
        """Return NLM's scores of the words of its vocabulary, from `nlm_states` (..., H) to (..., W)."""
        assert self.nlm_head is not None
        logits: Tensor = self.nlm_head(states, shared_norm=self._shared_norm())
        return logits

    def _shared_norm(self) -> nn.LayerNorm | None:
        """Return the MLM head's layer norm where the NLM head shares it."""
        if self.mlm_head is None or self.config.nlm_norm != "shared":
            return None
        return self.mlm_head.norm

    def _tie_decoder(self) -> None:
        """Name the weights that the decoder of the MLM head shares.

        Raises:
            SettingsError: if the configuration unties them: the decoder has none of its own.
        """
        if self.mlm_head is not None:
            if not self.config.tie_word_embeddings:
                raise SettingsError("tie_word_embeddings must be True: the MLM head scores with the trunk's embeddings")
            embeddings = next(name for name, part in self.named_modules() if part is self.get_input_embeddings())
            self._tied_weights_keys = {"mlm_head.decoder.weight": f"{embeddings}.weight"}

    def get_output_embeddings(self) -> nn.Linear | None:
        """Return the decoder of the MLM head, tied to the subword embeddings; None without that head."""
        return None if self.mlm_head is None else self.mlm_head.decoder

    def set_output_embeddings(self, new_embeddings: nn.Linear) -> None:
        """Replace the decoder of the MLM head, as resizing does."""
        if self.mlm_head is not None:
            self.mlm_head.replace_decoder(new_embeddings)

    def adopt_trunk(self, source: PreTrainedModel) -> None:
        """Copy the weights of a Hugging Face encoder, and of its MLM head where it has one."""
        super().adopt_trunk(source)
        if self.mlm_head is not None:
            self.mlm_head.adopt(source)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if self.mlm_head is not None and module is self.mlm_head.decoder:
            return  # tied; a draw for it would change all other new weights
        super()._init_weights(module)
        if isinstance(module, MlmHead):
            init.zeros_(module.bias)


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
        shape_ids: Tensor | None = None,
        **options: Any,
    ) -> MaskedLMOutput:
        """Return logits (B, T, V); ``labels`` are (B, T), -100 where there is none.

        Every other input, ``options`` included, is as in ``CharBertModel.forward``.
        """
        assert self.mlm_head is not None
        inputs = (input_ids, attention_mask, token_type_ids, char_input_ids, start_ids, end_ids)
        states = self.charbert(*inputs, shape_ids=shape_ids, **options, return_dict=True)
        logits = self.mlm_head(states.token_states)  # (B, T, V)
        loss = None
        if labels is not None:
            _warn_of_shown_labels(labels, start_ids, end_ids)
            loss = mean_cross_entropy(logits.flatten(0, 1), labels.flatten())
        return MaskedLMOutput(loss=loss, logits=logits, **states.recorded())


def _warn_of_shown_labels(labels: Tensor, start_ids: Tensor | None, end_ids: Tensor | None) -> None:
    """Warn if the char channel reads the characters of subwords that are to be predicted."""
    if start_ids is None or end_ids is None or torch.compiler.is_compiling():
        return
    if bool(((labels != IGNORED_LABEL) & (end_ids > start_ids)).any()):
        warnings.warn(
            "the char channel reads the characters of subwords that are to be predicted; hide them in each batch: "
            "batch.update(tokenizer.hide_subwords(batch, batch['labels'] != -100))",
            stacklevel=3,
        )


def _report(
    values: dict[str, Any],
    objective: str,
    head: Callable[[Tensor], Tensor],
    states: Tensor,
    labels: Tensor | None,
    unlabeled: bool,
    unknown: int | None = None,
) -> None:
    """Add an objective's loss and counts to the values of an output, or its logits if there are no labels at all."""
    if labels is not None:
        for name, value in labeled_loss(head, states, labels, unknown).items():
            values[f"{objective}_{name}"] = value
    elif unlabeled:
        values[f"{objective}_logits"] = head(states)

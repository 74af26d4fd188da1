"""The heads of CharBERT for fine-tuning: tagging, classification and span extraction."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import QuestionAnsweringModelOutput, SequenceClassifierOutput, TokenClassifierOutput
from transformers.utils import can_return_tuple

from charbert.batch import IGNORED_LABEL
from charbert.model.charbert import CharBertModel, CharBertOutput, CharBertPreTrainedModel
from charbert.model.configuration import CharBertConfig
from charbert.model.losses import mean_cross_entropy, problem_of, sequence_loss
from charbert.model.trunk import trunk_adapter


class CharBertForFineTuning(CharBertPreTrainedModel):
    """Base of the fine-tuning heads: the channels they read, the dropout and the linear classifier."""

    num_outputs: int | None = None
    """Scores for each subword or sequence; None: ``config.num_labels``."""
    classifier_name = "classifier"
    """Name of the linear map, by which peft finds what to train and save beside its adapters."""
    classifier: nn.Linear

    def __init__(self, config: CharBertConfig) -> None:
        super().__init__(config)
        self.charbert = CharBertModel(config)
        dropout = config.classifier_dropout
        if dropout is None:
            dropout = trunk_adapter(config.trunk_config).dropout(config.trunk_config)
        self.dropout = nn.Dropout(dropout)
        self.add_module(self.classifier_name, nn.Linear(config.head_size, self.num_outputs or config.num_labels))
        self.post_init()

    def head_states(self, states: CharBertOutput) -> Tensor:
        """Join the channels that ``head_channels`` names, (B, T, 2H) or (B, T, H). Paper: Sec. 3.6."""
        token, char = states.token_states, states.char_states
        channels = {"both": (token, char), "token": (token,), "char": (char,)}[self.config.head_channels]
        return torch.cat([channel for channel in channels if channel is not None], dim=-1)


class CharBertForTokenClassification(CharBertForFineTuning):
    """CharBERT with a tag for every subword; a word's tag is that of its first subword. Paper: Sec. 3.6."""

    @can_return_tuple
    def forward(
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
    ) -> TokenClassifierOutput:
        """Return logits (B, T, K); ``labels`` are (B, T), -100 where there is none.

        Every other input, ``options`` included, is as in ``CharBertModel.forward``.
        """
        inputs = (input_ids, attention_mask, token_type_ids, char_input_ids, start_ids, end_ids)
        states = self.charbert(*inputs, shape_ids=shape_ids, **options, return_dict=True)
        logits = self.classifier(self.dropout(self.head_states(states)))  # (B, T, K)
        loss = None
        if labels is not None:
            if attention_mask is not None:
                labels = labels.masked_fill(attention_mask == 0, IGNORED_LABEL)
            loss = mean_cross_entropy(logits.flatten(0, 1), labels.flatten())
        return TokenClassifierOutput(loss=loss, logits=logits, **states.recorded())


class CharBertForSequenceClassification(CharBertForFineTuning):
    """CharBERT with one label or number per sequence, from the mean of its states; a plain trunk is pooled alike.

    Paper: Sec. 3.6.
    Released code: the mean reads padding too (variant "released"), and RoBERTa has no dropout here
        (``classifier_dropout=0``).
    """

    @can_return_tuple
    def forward(
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
    ) -> SequenceClassifierOutput:
        """Return logits (B, K); ``labels`` are (B,), numbers for a regression (K = 1); others: `sequence_loss`.

        The first labels set ``config.problem_type`` where it is None, as in the library's models.

        Every other input, ``options`` included, is as in ``CharBertModel.forward``.
        """
        inputs = (input_ids, attention_mask, token_type_ids, char_input_ids, start_ids, end_ids)
        states = self.charbert(*inputs, shape_ids=shape_ids, **options, return_dict=True)
        pooled = self._mean(self.head_states(states), attention_mask)
        logits = self.classifier(self.dropout(pooled))  # (B, K)
        loss = None
        if labels is not None:
            if self.config.problem_type is None:  # it is saved: a pipeline chooses softmax, sigmoid or neither by it
                self.config.problem_type = problem_of(labels, self.config.num_labels)
            loss = sequence_loss(logits, labels, self.config.problem_type)
        return SequenceClassifierOutput(loss=loss, logits=logits, **states.recorded())

    def _mean(self, states: Tensor, attention_mask: Tensor | None) -> Tensor:
        """Average (B, T, F) over the subwords, and in the released variant over padding too, to (B, F)."""
        if attention_mask is None or self.config.variant == "released":
            return states.mean(dim=1)
        mask = attention_mask[..., None].bool()
        return states.masked_fill(~mask, 0.0).sum(dim=1) / mask.sum(dim=1).clamp(min=1)


class CharBertForQuestionAnswering(CharBertForFineTuning):
    """CharBERT with a score for every subword to start and to end the answer.

    Paper: Sec. 3.6. No dropout before the classifier, as in the released code and in BERT.
    """

    num_outputs = 2
    classifier_name = "qa_outputs"
    _old_names = {r"^classifier\.": "qa_outputs."}  # noqa: RUF012 (the form that transformers reads)

    @property
    def classifier(self) -> nn.Linear:  # type: ignore[override]
        """The linear map, under the name that it has in the other heads."""
        return self.qa_outputs

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        char_input_ids: Tensor | None = None,
        start_ids: Tensor | None = None,
        end_ids: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        shape_ids: Tensor | None = None,
        **options: Any,
    ) -> QuestionAnsweringModelOutput:
        """Return start and end logits, (B, T) each; positions are (B,) or (B, 1), ignored beyond T.

        Every other input, ``options`` included, is as in ``CharBertModel.forward``.
        """
        inputs = (input_ids, attention_mask, token_type_ids, char_input_ids, start_ids, end_ids)
        states = self.charbert(*inputs, shape_ids=shape_ids, **options, return_dict=True)
        start_logits, end_logits = self.classifier(self.head_states(states)).unbind(dim=-1)
        loss = None
        if start_positions is not None and end_positions is not None:
            beyond = start_logits.shape[1]
            ends = ((start_logits, start_positions), (end_logits, end_positions))
            losses = [
                mean_cross_entropy(logits, where.flatten().clamp(0, beyond), ignored=beyond) for logits, where in ends
            ]
            loss = torch.stack(losses).mean()
        return QuestionAnsweringModelOutput(
            loss=loss, start_logits=start_logits, end_logits=end_logits, **states.recorded()
        )

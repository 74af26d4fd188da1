"""The dual-channel encoder and its heads (Sec. 3.2-3.6).

Importing this package registers them with the Auto classes of transformers, and the loader of models saved as adapters.
"""

from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from charbert.model.adaptation import lora as lora  # registers its loader
from charbert.model.charbert import CharBertModel, CharBertOutput, CharBertPreTrainedModel
from charbert.model.configuration import CharBertConfig
from charbert.model.heads import (
    CharBertForPreTraining,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertPreTrainingOutput,
)

__all__ = [
    "CharBertConfig",
    "CharBertForPreTraining",
    "CharBertForQuestionAnswering",
    "CharBertForSequenceClassification",
    "CharBertForTokenClassification",
    "CharBertModel",
    "CharBertOutput",
    "CharBertPreTrainedModel",
    "CharBertPreTrainingOutput",
]

AutoConfig.register("charbert", CharBertConfig, exist_ok=True)
for _auto, _model in (
    (AutoModel, CharBertModel),
    (AutoModelForPreTraining, CharBertForPreTraining),
    (AutoModelForTokenClassification, CharBertForTokenClassification),
    (AutoModelForSequenceClassification, CharBertForSequenceClassification),
    (AutoModelForQuestionAnswering, CharBertForQuestionAnswering),
):
    _auto.register(CharBertConfig, _model, exist_ok=True)

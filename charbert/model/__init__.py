"""The dual-channel encoder, its heads (Sec. 3.2-3.6) and its tokenizer.

Importing this package registers them with the Auto classes of transformers, and the loader of models saved as adapters.
``import charbert`` defers that until one of them is needed.
"""

from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

from charbert.model.adaptation import lora as lora  # registers its loader
from charbert.model.charbert import CharBertModel, CharBertOutput, CharBertPreTrainedModel
from charbert.model.configuration import CharBertConfig
from charbert.model.heads import (
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)
from charbert.model.pretraining import CharBertForMaskedLM, CharBertForPreTraining, CharBertPreTrainingOutput
from charbert.model.tokenization import CharBertTokenizer

__all__ = [
    "CharBertConfig",
    "CharBertForMaskedLM",
    "CharBertForPreTraining",
    "CharBertForQuestionAnswering",
    "CharBertForSequenceClassification",
    "CharBertForTokenClassification",
    "CharBertModel",
    "CharBertOutput",
    "CharBertPreTrainedModel",
    "CharBertPreTrainingOutput",
    "CharBertTokenizer",
]

AutoConfig.register("charbert", CharBertConfig, exist_ok=True)
for _auto, _model in (
    (AutoModel, CharBertModel),
    (AutoModelForPreTraining, CharBertForPreTraining),
    (AutoModelForMaskedLM, CharBertForMaskedLM),
    (AutoModelForTokenClassification, CharBertForTokenClassification),
    (AutoModelForSequenceClassification, CharBertForSequenceClassification),
    (AutoModelForQuestionAnswering, CharBertForQuestionAnswering),
):
    _auto.register(CharBertConfig, _model, exist_ok=True)
AutoTokenizer.register(CharBertConfig, CharBertTokenizer, exist_ok=True)

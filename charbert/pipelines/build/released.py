"""Settings to model and processor of the authors' released weights."""

from typing import Any, TypeVar

from charbert.config.data.sets import TaskKind
from charbert.config.schema import LENGTH_SETTINGS, Settings
from charbert.errors import CheckpointError
from charbert.model import CharBertPreTrainedModel
from charbert.model.released.processor import load_released_processor
from charbert.model.released.weights import load_released_encoder
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.trunk import check_length

Model = TypeVar("Model", bound=CharBertPreTrainedModel)

_SCRIPTS = {
    TaskKind.tagging: "ner",
    TaskKind.pos_tagging: "ner",
    TaskKind.classification: "glue",
    TaskKind.question_answering: "squad",
}
"""The authors' script for each kind of task."""


def released_processor(settings: Settings) -> CharBertTokenizer:
    """Return the processor of the released checkpoint, with the input layout of the authors' script for the task.

    Released code: every row is padded to the maximal length of fine-tuning, since padding changes the states there.

    Raises:
        CheckpointError: if the checkpoint has no vocabulary.
    """
    return load_released_processor(
        settings.model.released,
        settings.model.released_char_vocab,
        _SCRIPTS[settings.task.kind],
        row_length=settings.finetuning_length,
    )


def released_model(settings: Settings, processor: CharBertTokenizer, model_class: type[Model], **labels: Any) -> Model:
    """Return a model on the encoder of the released checkpoint; its head is new, from torch's global generator.

    Raises:
        CheckpointError: if a weight is missing, left over or of another shape, or a vocabulary has another size.
        SettingsError: if it reads fewer subwords than fine-tuning gives it.
    """
    assert processor.char_vocab is not None
    model = load_released_encoder(
        settings.model.released,
        model_class,
        char_vocab=processor.char_vocab.to_dict(),
        head_channels=settings.model.head_channels.name,
        **labels,
    )
    check_length(LENGTH_SETTINGS, settings.finetuning_length, model.config)
    if len(processor) != model.config.vocab_size:
        raise CheckpointError(
            f"model.released={settings.model.released}: the weights have {model.config.vocab_size} subwords, "
            f"its vocabulary {len(processor)}; are the files of one checkpoint?"
        )
    return model

"""A smaller model made of some layers of a fine-tuned one."""

import copy
from collections.abc import Sequence

from torch import Tensor

from charbert.errors import SettingsError
from charbert.model.adaptation.parts import encoder_layers
from charbert.model.configuration import CharBertConfig
from charbert.model.heads import CharBertForFineTuning

_KEPT = {*CharBertConfig.__dataclass_fields__, "id2label", "label2id", "num_labels"}
_PLAIN = {
    "char_encoder": "none",
    "interaction": "none",
    "char_vocab": None,
    "char_vocab_size": None,
    "head_channels": "token",
    "nlm_channel": "token",
}
"""Settings of a model without a char channel."""


def take_layers(
    teacher: CharBertForFineTuning, layers: Sequence[int], *, char_channel: bool, labels: Sequence[str] = ()
) -> CharBertForFineTuning:
    """Return a model of the teacher's class that starts with some of its layers and all its other weights that fit.

    Other weights are new, drawn from torch's global generator: the classifier where the char channel is left out.

    Args:
        teacher: a fine-tuned model; it is not changed.
        layers: which layers, from 1, in ascending order.
        char_channel: whether the student keeps the char channel; without it, it is a plain trunk.
        labels: of the student's outputs, in order, all known to the teacher; empty: the teacher's.

    Raises:
        SettingsError: if the teacher lacks a layer or the char channel, or its family's layers cannot be moved.
    """
    config = _student_config(teacher.config, layers, char_channel=char_channel)
    offered = _renamed(teacher, [layer - 1 for layer in layers])
    if labels:
        columns = [teacher.config.label2id[label] for label in labels]
        offered |= {name: weight[columns] for name, weight in offered.items() if name.startswith("classifier.")}
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
    student = type(teacher)(config)
    own = student.state_dict()
    taken = {name: weight for name, weight in offered.items() if name in own and own[name].shape == weight.shape}
    missing = sorted(name for name in own if name not in taken and not name.startswith(f"{teacher.classifier_name}."))
    if missing:
        raise SettingsError(
            f"distillation.student_layers={list(layers)}: these layers of {config.trunk_config.model_type} are no "
            f"whole model, {missing[0]} would have no weights; choose the first layers, or start from another trunk"
        )
    student.load_state_dict({**own, **taken})
    return student


def _student_config(config: CharBertConfig, layers: Sequence[int], *, char_channel: bool) -> CharBertConfig:
    number = config.num_hidden_layers
    if max(layers) > number:
        raise SettingsError(f"distillation.student_layers={list(layers)}: the teacher has {number} layers")
    if char_channel and not config.has_char_channel:
        raise SettingsError(
            "distillation.student_layers: the teacher has no char channel for the student; choose model=bert, or start "
            "the student from another trunk"
        )
    small = copy.deepcopy(config)
    small.trunk_config.num_hidden_layers = len(layers)
    if getattr(small.trunk_config, "layer_types", None):
        small.trunk_config.layer_types = [small.trunk_config.layer_types[layer - 1] for layer in layers]
    kept = {name: value for name, value in small.to_dict().items() if name in _KEPT}
    return CharBertConfig(**kept if char_channel else {**kept, **_PLAIN})


def _renamed(teacher: CharBertForFineTuning, kept: Sequence[int]) -> dict[str, Tensor]:
    """Return the teacher's weights under their names in a model with only the layers ``kept``, counted from 0."""
    encoder = teacher.charbert
    layers = encoder_layers(encoder)
    if 1 < len(set(layers)) < len(layers):
        raise SettingsError("distillation.student_layers: groups of layers that share weights cannot be taken apart")
    lists: list[object] = [layers]
    if len(encoder.interactions) > 1:
        lists.append(encoder.interactions)
    prefixes = [name for name, module in teacher.named_modules() if any(module is layers for layers in lists)]
    weights = {}
    for name, weight in teacher.state_dict().items():
        prefix = next((prefix for prefix in prefixes if name.startswith(f"{prefix}.")), None)
        if prefix is not None:
            number, _, rest = name.removeprefix(f"{prefix}.").partition(".")
            if int(number) not in kept:
                continue
            name = f"{prefix}.{kept.index(int(number))}.{rest}"
        weights[name] = weight
    return weights

"""The authors' checkpoints, read into the released variant.

Released code: github.com/wtma/CharBERT (transformers 2.4). A folder holds ``pytorch_model.bin`` and a ``config.json``
without ``model_type`` that describes the trunk alone. It does not mention the char channel, so a plain BERT class loads
it and silently drops that channel. Here every key must be used.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoConfig, PreTrainedConfig

from charbert.errors import CheckpointError
from charbert.model.charbert import CharBertPreTrainedModel
from charbert.model.configuration import CharBertConfig
from charbert.model.loading.configurations import checked_values
from charbert.model.loading.weights import check_finite, some
from charbert.model.pretraining import CharBertForPreTraining

_TRUNK_KEYS = (
    ("{kind}.embeddings.", "charbert.trunk.embeddings."),
    ("{kind}.encoder.layer.", "charbert.trunk.encoder.layer."),
    ("{kind}.pooler.", "charbert.trunk.pooler."),
    ("{kind}.char_embeddings.char_embeddings.", "charbert.char_encoder.embedding."),
    ("{kind}.char_embeddings.rnn_layer.", "charbert.char_encoder.gru."),
    ("{kind}.encoder.word_linear1.", "charbert.interactions.0.token_in."),
    ("{kind}.encoder.char_linear1.", "charbert.interactions.0.char_in."),
    ("{kind}.encoder.word_norm.", "charbert.interactions.0.token_norm."),
    ("{kind}.encoder.char_norm.", "charbert.interactions.0.char_norm."),
)
KEYS = {
    "bert": (
        *_TRUNK_KEYS,
        ("{kind}.encoder.fusion_layer_list.{copy}.", "charbert.interactions.0.mix."),
        ("cls.predictions.bias", "mlm_head.bias"),
        ("cls.predictions.transform.dense.", "mlm_head.dense."),
        ("cls.predictions.transform.LayerNorm.", "mlm_head.norm."),
        ("cls.predictions.decoder.weight", "charbert.trunk.embeddings.word_embeddings.weight"),
        ("cls.predictions.adv_transform.dense.", "nlm_head.dense."),
        ("cls.predictions.adv_transform.LayerNorm.", "nlm_head.norm."),
        ("cls.predictions.adv_decoder.", "nlm_head.decoder."),
    ),
    "roberta": (
        *_TRUNK_KEYS,
        ("{kind}.encoder.fusion_layer.", "charbert.interactions.0.mix."),
        ("lm_head.bias", "mlm_head.bias"),
        ("lm_head.dense.", "mlm_head.dense."),
        ("lm_head.layer_norm.", "mlm_head.norm."),  # the NLM head's too
        ("lm_head.decoder.weight", "charbert.trunk.embeddings.word_embeddings.weight"),
        ("lm_head.char_dense.", "nlm_head.dense."),
        ("lm_head.adv_decoder.", "nlm_head.decoder."),
    ),
}
"""Prefixes of the keys of a released checkpoint, and the prefixes of their parameters in CharBertForPreTraining.

``{kind}`` is the table's name. ``{copy}`` counts the layers: one shared convolution, saved once for each. A parameter
in two rows is tied, and saved under both keys.
"""

Source = str | Path | Mapping[str, Tensor]
"""A released checkpoint: its folder, its weights file, or a state dict."""

Model = TypeVar("Model", bound=CharBertPreTrainedModel)


def released_keys(kind: str, names: Iterable[str], num_layers: int) -> dict[str, str]:
    """Return the released keys of all parameters, mapped to the parameters' names in CharBertForPreTraining.

    Args:
        kind: "bert" or "roberta".
        num_layers: number of Transformer layers, and so of copies of the convolution in a BERT checkpoint.

    Raises:
        CheckpointError: if a parameter has no key in a released checkpoint.
    """
    keys: dict[str, str] = {}
    unknown = []
    for name in names:
        rows = [(theirs, ours) for theirs, ours in KEYS[kind] if name.startswith(ours)]
        for theirs, ours in rows:
            copies = range(num_layers) if "{copy}" in theirs else range(1)
            keys |= {theirs.format(kind=kind, copy=copy) + name[len(ours) :]: name for copy in copies}
        if not rows:
            unknown.append(name)
    if unknown:
        raise CheckpointError(
            f"the authors' format has no place for {some(unknown)}; "
            "only the released variant with both heads and one shared interaction fits it"
        )
    return keys


def load_released(
    source: Source, *, char_vocab: dict[str, Any] | None = None, trunk_config: PreTrainedConfig | None = None
) -> CharBertForPreTraining:
    """Return the authors' pretraining model as a ``variant="released"`` CharBERT.

    Sizes of vocabularies and embeddings are those of the weights.

    Args:
        source: the checkpoint's folder, its ``pytorch_model.bin`` or ``model.safetensors``, or a state dict.
        char_vocab: the character vocabulary as a dict, kept in the configuration for the processor.
        trunk_config: configuration of the trunk; None reads the ``config.json`` next to the weights.

    Raises:
        CheckpointError: if the file cannot be read safely, a key is missing or left over, a shape differs, or copies of
            one shared parameter are not identical; or a weight is no finite number.
    """
    weights = _read_weights(source)
    kind = _kind(weights)
    config = _released_config(kind, weights, trunk_config or _read_trunk_config(source, kind), char_vocab)
    model = CharBertForPreTraining(config)
    model.load_state_dict(_ours(kind, weights, model))
    check_finite(model.state_dict().items(), source if isinstance(source, (str, Path)) else "the checkpoint")
    return model


def load_released_encoder(
    source: Source,
    model_class: type[Model],
    *,
    char_vocab: dict[str, Any] | None = None,
    trunk_config: PreTrainedConfig | None = None,
    **config_overrides: Any,
) -> Model:
    """Return a model with a new head of any kind on the encoder of a released checkpoint.

    Args:
        source: as in ``load_released``.
        model_class: the encoder alone or one of the heads.
        char_vocab: as in ``load_released``.
        trunk_config: as in ``load_released``.
        **config_overrides: settings of the head, for example ``num_labels``.

    Raises:
        CheckpointError: as in ``load_released``.
        SettingsError: if an override is not a setting.
    """
    CharBertConfig.check_names(list(config_overrides))
    pretrained = load_released(source, char_vocab=char_vocab, trunk_config=trunk_config)
    settings = pretrained.config.to_dict() | {"id2label": None, "label2id": None} | config_overrides
    settings.pop("model_type")
    model = model_class(CharBertConfig(**settings))
    model.base_model.load_state_dict(pretrained.charbert.state_dict())
    return model


def _read_weights(source: Source) -> Mapping[str, Tensor]:
    """Return the state dict of a source; a pickle may hold tensors only."""
    if not isinstance(source, (str, Path)):
        return source
    path = Path(source)
    if path.is_dir():
        paths = [path / name for name in ("model.safetensors", "pytorch_model.bin") if (path / name).exists()]
        if not paths:
            raise CheckpointError(f"{path}: expected model.safetensors or pytorch_model.bin, found neither")
        path = paths[0]
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can raise anything
        raise CheckpointError(f"{path}: not a readable checkpoint of tensors alone ({error})") from error
    if not isinstance(weights, Mapping) or not all(isinstance(weight, Tensor) for weight in weights.values()):
        raise CheckpointError(f"{path}: not a readable checkpoint of tensors alone (it is not a mapping of them)")
    return weights


def _kind(weights: Mapping[str, Tensor]) -> str:
    """Return the name of the table in `KEYS` that a state dict belongs to."""
    for kind in KEYS:
        if f"{kind}.char_embeddings.char_embeddings.weight" in weights:
            return kind
    expected = " or ".join(f"{kind}.char_embeddings.*" for kind in KEYS)
    raise CheckpointError(f"not a released CharBERT: expected keys {expected}, got {some(list(weights))}")


def _read_trunk_config(source: Source, kind: str) -> PreTrainedConfig:
    """Return the trunk's configuration from the ``config.json`` next to the weights."""
    if not isinstance(source, (str, Path)):
        raise CheckpointError("a state dict does not describe its trunk; give trunk_config")
    folder = Path(source) if Path(source).is_dir() else Path(source).parent
    path = folder / "config.json"
    if not path.exists():
        raise CheckpointError(f"{path}: not found, and it describes the trunk; give trunk_config")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        settings.pop("model_type", None)
        return AutoConfig.for_model(kind, **checked_values(settings))
    except (OSError, ValueError, TypeError, AttributeError, StrictDataclassError) as error:
        raise CheckpointError(f"{path}: expected the trunk's configuration in JSON, got {error}") from error


def _released_config(
    kind: str, weights: Mapping[str, Tensor], trunk_config: PreTrainedConfig, char_vocab: dict[str, Any] | None
) -> CharBertConfig:
    """Return the configuration of a checkpoint, with the sizes of its weights."""
    head = "cls.predictions" if kind == "bert" else "lm_head"
    try:
        characters, size = weights[f"{kind}.char_embeddings.char_embeddings.weight"].shape
        words = len(weights[f"{head}.adv_decoder.weight"])
    except KeyError as error:
        raise CheckpointError(f"the checkpoint has no {error.args[0]}") from error
    return CharBertConfig(
        trunk_config=trunk_config,
        variant="released",
        char_vocab=char_vocab,
        char_vocab_size=characters,
        char_embedding_size=size,
        nlm_vocab_size=words,
    )


def _ours(kind: str, weights: Mapping[str, Tensor], model: CharBertForPreTraining) -> dict[str, Tensor]:
    """Return the weights under our names, after checking that every key is used and none is missing."""
    tied = model.all_tied_weights_keys
    state = {name: weight for name, weight in model.state_dict().items() if name not in tied}
    keys = released_keys(kind, state, model.config.num_hidden_layers)
    problems = {
        "missing": [key for key in keys if key not in weights],
        "left over": [key for key in weights if key not in keys],
        "of another shape": [
            f"{key} {tuple(weights[key].shape)} instead of {tuple(state[name].shape)}"
            for key, name in keys.items()
            if key in weights and weights[key].shape != state[name].shape
        ],
    }
    if any(problems.values()):
        report = "; ".join(f"{problem}: {some(names)}" for problem, names in problems.items() if names)
        raise CheckpointError(f"the checkpoint does not fit the released {kind} model: {report}")
    ours = {name: weights[key] for key, name in reversed(keys.items())}  # the first of several copies
    if differing := [key for key, name in keys.items() if not torch.equal(ours[name], weights[key])]:
        raise CheckpointError(f"keys that should be copies of one shared parameter differ: {some(differing)}")
    return ours | {name: ours[source] for name, source in tied.items()}

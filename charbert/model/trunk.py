"""Any Hugging Face encoder of a supported family as trunk: its adapter, its weights."""

from functools import partial
from pathlib import Path
from typing import TypeAlias

import torch
from transformers import AutoModel, AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel

from charbert.errors import SettingsError
from charbert.model.loading.configurations import read_config
from charbert.model.loading.weights import check_memory, load_whole
from charbert.model.trunks.adapter import TrunkAdapter
from charbert.model.trunks.relative_positions import DebertaAdapter, MPNetAdapter
from charbert.model.trunks.relatives import AlbertAdapter, DistilBertAdapter, ElectraAdapter, ModernBertAdapter

TrunkSource: TypeAlias = str | Path | PreTrainedConfig | PreTrainedModel
"""A trunk to start from: a hub name, a folder, a configuration (new weights), or a loaded model."""

_ADAPTERS = {
    model_type: adapter
    for adapter in (
        TrunkAdapter(),
        ElectraAdapter(),
        DistilBertAdapter(),
        AlbertAdapter(),
        MPNetAdapter(),
        DebertaAdapter(),
        ModernBertAdapter(),
    )
    for model_type in adapter.model_types
}


def trunk_adapter(config: PreTrainedConfig) -> TrunkAdapter:
    """Return the adapter of a trunk's family.

    Raises:
        SettingsError: if the family or this configuration of it is not supported, or the trunk is a decoder.
    """
    adapter = _ADAPTERS.get(config.model_type)
    if adapter is None:
        hint = "; fine-tune it with model=charbert_pretrained model.pretrained=FOLDER"
        raise SettingsError(
            f"trunk_config.model_type must be one of {', '.join(sorted(_ADAPTERS))}; got {config.model_type!r}"
            f"{hint if config.model_type == 'charbert' else ''}"
        )
    if getattr(config, "is_decoder", False):
        raise SettingsError("trunk_config.is_decoder must be False: both channels read left and right context")
    adapter.check(config)
    return adapter


_COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Families whose first position has the index after that of padding, so that as many positions stay unused."""
_UNBOUNDED = ("modernbert",)
"""Families with rotary positions, which are computed for any length."""


def usable_positions(config: PreTrainedConfig) -> int | None:
    """Return the most subwords that a trunk reads, special ones included; None: any number.

    Args:
        config: of the trunk, or of a model that holds it as ``trunk_config``.
    """
    config = getattr(config, "trunk_config", config)
    absolute = getattr(config, "position_biased_input", True)  # false in DeBERTa-v3: relative positions alone
    positions = getattr(config, "max_position_embeddings", None)
    if positions is None or not absolute or config.model_type in _UNBOUNDED:
        return None
    if config.model_type in _COUNT_FROM_PADDING:
        return int(positions) - int(config.pad_token_id or 0) - 1
    return int(positions)


def check_length(name: str, length: int, config: PreTrainedConfig) -> None:
    """Check that a trunk has as many positions as its inputs have subwords.

    Args:
        name: of the setting, for the error.
        length: its value, in subwords.
        config: as of `usable_positions`.

    Raises:
        SettingsError: if the trunk has fewer.
    """
    positions = usable_positions(config)
    if positions is not None and length > positions:
        raise SettingsError(f"{name} must be at most {positions} subwords, what the trunk reads at once, got {length}")


def build_trunk(config: PreTrainedConfig, *, pooler: bool) -> PreTrainedModel:
    """Return a new encoder, with a pooler if ``pooler`` is set and the family has one.

    Attention is "eager" where "sdpa", the default, is chosen and the family has none. The precision is torch's default,
    as of all other weights of a new model, and not what the configuration says of saved ones.
    """
    adapter = trunk_adapter(config)
    if config._attn_implementation == "sdpa" and not adapter.has_sdpa:
        config._attn_implementation = "eager"
    options = {"add_pooling_layer": pooler} if adapter.has_pooler else {}
    return AutoModel.from_config(config, dtype=torch.get_default_dtype(), **options)


def load_trunk(trunk: TrunkSource, *, with_head: bool) -> PreTrainedModel | PreTrainedConfig:
    """Return the model that a trunk source names, in float32, or its configuration where it has no weights.

    Args:
        with_head: whether the MLM head is read too, if the checkpoint has one.

    Raises:
        SettingsError: if the trunk's family is not known.
        CheckpointError: if weights other than those of the pooler and the MLM head are missing, or cannot be used.
    """
    if isinstance(trunk, (PreTrainedConfig, PreTrainedModel)):
        trunk_adapter(trunk if isinstance(trunk, PreTrainedConfig) else trunk.config)
        return trunk
    config = read_config(trunk)
    trunk_adapter(config)
    check_memory(lambda: AutoModel.from_config(config), trunk)
    auto = AutoModelForMaskedLM if with_head else AutoModel
    load = partial(auto.from_pretrained, config=config, dtype=torch.float32, trust_remote_code=False)
    encoder = f"{AutoModel._model_mapping[type(config)].base_model_prefix}."

    def may_lack(name: str) -> bool:
        """Return whether a weight is of the pooler or the head."""
        return "pooler." in name or (with_head and not name.startswith(encoder))

    model, report = load_whole(load, trunk, may_lack=may_lack)
    return model.base_model if with_head and report["missing_keys"] else model

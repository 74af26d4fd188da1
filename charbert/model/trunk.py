"""Any Hugging Face encoder of a supported family as trunk: its adapter, its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import torch
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel

from charbert.errors import SettingsError
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
        raise SettingsError(
            f"trunk_config.model_type must be one of {', '.join(sorted(_ADAPTERS))}; got {config.model_type!r}"
        )
    if getattr(config, "is_decoder", False):
        raise SettingsError("trunk_config.is_decoder must be False: both channels read left and right context")
    adapter.check(config)
    return adapter


def build_trunk(config: PreTrainedConfig, *, pooler: bool) -> PreTrainedModel:
    """Return a new encoder, with a pooler if ``pooler`` is set and the family has one.

    Attention is "eager" where "sdpa", the default, is chosen and the family has none.
    """
    adapter = trunk_adapter(config)
    if config._attn_implementation == "sdpa" and not adapter.has_sdpa:
        config._attn_implementation = "eager"
    options = {"add_pooling_layer": pooler} if adapter.has_pooler else {}
    return AutoModel.from_config(config, **options)


def load_trunk(trunk: TrunkSource, *, with_head: bool) -> PreTrainedModel | PreTrainedConfig:
    """Return the model that a trunk source names, in float32, or its configuration where it has no weights.

    Args:
        trunk: the source.
        with_head: whether the MLM head is read too, if the checkpoint has one.

    Raises:
        SettingsError: if the trunk's family is not known.
    """
    if isinstance(trunk, (PreTrainedConfig, PreTrainedModel)):
        trunk_adapter(trunk if isinstance(trunk, PreTrainedConfig) else trunk.config)
        return trunk
    config = AutoConfig.from_pretrained(trunk, trust_remote_code=False)
    trunk_adapter(config)
    if not with_head:
        return AutoModel.from_pretrained(trunk, config=config, dtype=torch.float32, trust_remote_code=False)
    model, report = AutoModelForMaskedLM.from_pretrained(
        trunk, config=config, dtype=torch.float32, output_loading_info=True, trust_remote_code=False
    )
    return model.base_model if report["missing_keys"] else model

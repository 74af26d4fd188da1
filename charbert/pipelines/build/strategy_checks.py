"""Checks that a fine-tuning strategy fits the trunk, the model and the other settings, before training."""

from transformers import AutoConfig

from charbert.config.model.encoder import Objective, TrunkSource
from charbert.config.schema import Settings
from charbert.config.training.strategy import StrategySettings
from charbert.errors import CheckpointError, SettingsError
from charbert.model.loading.configurations import read_config
from charbert.pipelines.build.data import trunk_location
from charbert.training.strategies import Strategy


def check_strategy(settings: Settings) -> None:
    """Raise a SettingsError if the strategy does not fit the trunk, the model or the other settings."""
    model, strategy = settings.model, settings.strategy
    if strategy == StrategySettings():
        return
    was_trained = model.objective is not Objective.none or model.released or model.pretrained
    is_new = model.has_char_channel and not was_trained
    if is_new and not strategy.trains_char_channel:
        raise SettingsError(
            f"strategy={strategy.name} freezes the char channel, but that of model={model.name} was never trained; "
            "set strategy.frozen.open_char_channel=true or strategy.lora.char_channel=full"
        )
    if model.word_shapes and not model.pretrained and not strategy.trains_embeddings:
        raise SettingsError(
            f"strategy={strategy.name} freezes the embedding of word shapes, but that of model={model.name} is new and "
            "would stay zero; set strategy.frozen.open_embeddings=true, or choose strategy=full"
        )
    if strategy.saves_adapters and settings.distillation.hidden_weight:
        raise SettingsError(
            "strategy.lora.save=adapters cannot leave out the projections of distillation.hidden_weight="
            f"{settings.distillation.hidden_weight}; set strategy.lora.save=merged"
        )
    num_layers = _num_layers(settings)
    if num_layers is not None:
        Strategy(strategy, num_layers)


def _num_layers(settings: Settings) -> int | None:
    """Return the number of the trunk's layers, None where it is known only after loading the model."""
    if settings.distillation.student_layers:
        return len(settings.distillation.student_layers)
    if settings.model.released or settings.model.pretrained:
        return None
    if settings.trunk.source is TrunkSource.scratch:
        return int(AutoConfig.for_model(**settings.trunk.config).num_hidden_layers)
    try:
        return int(read_config(trunk_location(settings.trunk)).num_hidden_layers)
    except CheckpointError:  # not on this machine; loading the trunk reports that
        return None

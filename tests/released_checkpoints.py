"""Checkpoints in the authors' format, for tests of reading it."""

import json
from pathlib import Path

import torch

from charbert.model import CharBertForPreTraining
from charbert.model.released.weights import released_keys


def save_released(model: CharBertForPreTraining, folder: Path) -> None:
    """Write a model of the released variant: ``pytorch_model.bin`` and the trunk's ``config.json``."""
    trunk, weights = model.config.trunk_config, model.state_dict()
    names = weights.keys() - model.all_tied_weights_keys.keys()
    keys = released_keys(trunk.model_type, sorted(names), model.config.num_hidden_layers)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({theirs: weights[ours] for theirs, ours in keys.items()}, folder / "pytorch_model.bin")
    config = trunk.to_diff_dict()
    config.pop("model_type", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")

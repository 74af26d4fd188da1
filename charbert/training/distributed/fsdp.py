"""FSDP: the weights are divided among the processes, for models that do not fit one device."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from charbert.errors import SettingsError
from charbert.training.distributed.multi_process_trainer import MultiProcessTrainer


class ShardedTrainer(MultiProcessTrainer):
    """Trainer that shards layer by layer when ``accelerate launch`` configures FSDP; `make_whole` joins the shards."""

    model: Any
    model_wrapped: Any
    _whole: nn.Module | None = None

    def _prepare_for_training(self, *args: Any, **kwargs: Any) -> Any:
        if not self.is_fsdp_enabled:
            return super()._prepare_for_training(*args, **kwargs)
        if not self.accelerator.is_fsdp2:
            raise SettingsError(
                "sharding needs FSDP of version 2, got 1; set fsdp_version: 2, as launch/fsdp.yaml does"
            )
        model = self.model
        self._whole = copy.deepcopy(model).cpu()
        model._no_split_modules = repeated_blocks(model)
        if model.get_output_embeddings() is None:
            # A head may read the weight of the embeddings, which accelerate would shard separately.
            model.get_input_embeddings = lambda: None
        try:
            return super()._prepare_for_training(*args, **kwargs)
        finally:
            vars(model).pop("get_input_embeddings", None)

    def make_whole(self) -> None:
        """Join the shards of the model in every process, after a sharded training."""
        if self._whole is None:
            return
        weights = {name: _whole_tensor(weight) for name, weight in self.model.state_dict().items()}
        self._whole.load_state_dict(weights)
        self.model = self.model_wrapped = self._whole.to(self.args.device)
        self._whole = None


def repeated_blocks(model: nn.Module) -> list[str]:
    """Return the classes of a model's repeated modules, which are gathered one at a time: the trunk's layers.

    The interactions are gathered with the rest, since folding reads their weights before their forward pass.
    """
    rows = (module for module in model.modules() if isinstance(module, nn.ModuleList))
    blocks = (block for row in rows for block in row if not hasattr(block, "fold"))
    return sorted({type(block).__name__ for block in blocks if any(True for _ in block.parameters())})


def _whole_tensor(weight: torch.Tensor) -> torch.Tensor:
    whole: torch.Tensor = weight.full_tensor() if hasattr(weight, "full_tensor") else weight
    return whole.detach().cpu()

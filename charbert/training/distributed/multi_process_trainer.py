"""A Trainer whose batches, counts and wrappers are correct for any number of processes."""

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from accelerate.data_loader import DataLoaderShard
from torch import Tensor, nn
from transformers import Trainer
from transformers.trainer_utils import seed_worker

from charbert.errors import SettingsError
from charbert.seeding import derive_seed
from charbert.training.distributed.batches import (
    FILLER,
    FilledExamples,
    FillingCollator,
    SharedBatches,
    example_lengths,
    model_fields,
)
from charbert.training.distributed.processes import process_count, process_index
from charbert.training.stopping import leave_signals_to_parent

_PROBED_EXAMPLES = 2


def _begin_worker(number: int, num_workers: int, rank: int) -> None:
    seed_worker(number, num_workers, rank)
    leave_signals_to_parent()


class MultiProcessTrainer(Trainer):
    """Trainer that divides every batch among the processes, each with its own dropout.

    The library's loaders repeat the first examples of an epoch at its end, to give all processes the same number, and
    do not set the epoch of a dataset with several processes or after a resumption.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        if process_index():
            torch.manual_seed(derive_seed(self.args.seed, "dropout", process_index()))

    def get_train_dataloader(self) -> DataLoaderShard:
        """Return the data loader of this process's share of the training batches."""
        grouped = self.args.train_sampling_strategy == "group_by_length"
        batch_size = self._train_batch_size * process_count()
        batches = SharedBatches(
            self.train_dataset,
            batch_size,
            self.args.data_seed,
            lengths=example_lengths(self.train_dataset) if grouped else None,
            window=batch_size * self.args.gradient_accumulation_steps,
            index=process_index(),
            count=process_count(),
        )
        worker_init = partial(_begin_worker, num_workers=self.args.dataloader_num_workers, rank=process_index())
        return self._shared_loader(batches, worker_init_fn=worker_init)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """Return the data loader of an evaluation; without metrics, each process reads its share.

        The library gathers predictions and removes duplicates.
        """
        if process_count() == 1 or self.compute_metrics is not None:
            return super().get_eval_dataloader(eval_dataset)
        examples = self.eval_dataset if eval_dataset is None else eval_dataset
        batch_size = self.args.eval_batch_size * process_count()
        return self._shared_loader(
            SharedBatches(examples, batch_size, None, index=process_index(), count=process_count()),
            worker_init_fn=leave_signals_to_parent,
        )

    def _get_dataloader(self, *args: Any, **kwargs: Any) -> Any:
        loader = super()._get_dataloader(*args, **kwargs)
        loader.worker_init_fn = leave_signals_to_parent
        return loader

    def _shared_loader(self, batches: SharedBatches, **options: Any) -> DataLoaderShard:
        alone = process_count() == 1
        return DataLoaderShard(
            batches.examples if alone else FilledExamples(batches.examples),
            device=self.accelerator.device,
            batch_sampler=batches,
            collate_fn=self.data_collator if alone else FillingCollator(self.data_collator),
            # Workers are forked without OpenMP threads; torch lets each compute with one thread.
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
            **options,
        )

    def _track_num_input_tokens(self, inputs: Mapping[str, Tensor]) -> None:
        if FILLER in inputs:
            inputs = {**inputs, "attention_mask": torch.zeros_like(inputs["input_ids"])}
        super()._track_num_input_tokens(inputs)

    def _wrap_model(self, model: nn.Module, training: bool = True, dataloader: Any = None) -> nn.Module:
        handler = self.accelerator.ddp_handler
        if training and process_count() > 1 and handler is not None and not self.is_fsdp_enabled:
            handler.find_unused_parameters = self._leaves_weights_out(model)
        return super()._wrap_model(model, training, dataloader)

    def _leaves_weights_out(self, model: nn.Module) -> bool:
        """Return whether some weights get no gradient in a trial step; DDP must then look for them in every step."""
        first = [self.train_dataset[index] for index in range(min(_PROBED_EXAMPLES, len(self.train_dataset)))]
        batch = self._prepare_inputs(self.data_collator(first))
        own = [] if self.args.device.type == "cpu" else [self.args.device]  # the other devices are other processes'
        with torch.random.fork_rng(own):
            model.train()
            model(**model_fields(batch))["loss"].backward()
        missing = any(weight.requires_grad and weight.grad is None for weight in model.parameters())
        model.zero_grad()
        return missing


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

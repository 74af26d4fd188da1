"""The trainer of all models: the Hugging Face Trainer with separate losses for each objective and a stop at NaN."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import SequentialSampler
from transformers import PrinterCallback
from transformers import ProgressCallback as LibraryProgress
from transformers.trainer_utils import EvalLoopOutput, get_last_checkpoint

from charbert.batch import EXAMPLE_IDS
from charbert.config.training.trainer import TrainingSettings
from charbert.errors import TrainingError
from charbert.files import write_atomically
from charbert.model.adaptation.parts import model_parts
from charbert.training.arguments import build_arguments
from charbert.training.distributed.averaging import mean_over_processes, shared_loss
from charbert.training.distributed.batches import FILLER, model_fields
from charbert.training.distributed.multi_process_trainer import ShardedTrainer
from charbert.training.distributed.processes import process_count, refuse_several
from charbert.training.losses.extra_losses import ExtraLoss, L1Penalty
from charbert.training.meter import ObjectiveMeter
from charbert.training.optimizer import WeightRate, own_optimizer, parameter_groups, trunk_and_new_weights
from charbert.training.resuming import ResumableTrainer, loaders_watched
from charbert.training.strategies import Strategy


class CharBertTrainer(ShardedTrainer, ResumableTrainer):
    """Trainer that logs each objective separately and stops at a loss that is not finite.

    Args:
        new_weights_learning_rate: peak rate of all weights outside the trunk; None: the common rate.
        extra_losses: losses added in training; evaluation uses the labels alone.
        strategy: of fine-tuning; it has already prepared the model. None: all weights are trained.
        arguments: of the Hugging Face Trainer.
    """

    def __init__(
        self,
        *,
        new_weights_learning_rate: float | None = None,
        extra_losses: Sequence[ExtraLoss] = (),
        strategy: Strategy | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        for shown in (PrinterCallback, LibraryProgress):
            self.remove_callback(shown)  # charbert/training/progress.py shows less
        self.strategy = strategy
        for callback in strategy.callbacks(self.model) if strategy is not None else ():
            self.add_callback(callback)
        self.extra_losses = tuple(extra_losses)
        self.optimizer: torch.optim.Optimizer | None
        self.new_weights_learning_rate = new_weights_learning_rate
        self.model_accepts_loss_kwargs = False  # every head's loss is a mean over its own labeled positions
        self._evaluation_meter = ObjectiveMeter()

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer | None:
        """Build the optimizer over the groups of ``parameter_groups``."""
        if self.optimizer is None:
            module = self.model if model is None else model
            optimizer_class, options = self.optimizer_cls_and_kwargs or self.get_optimizer_cls_and_kwargs(
                self.args, module
            )
            decayed = set(self.get_decay_parameter_names(module))
            groups = parameter_groups(module, decayed, self.args.weight_decay, self._weight_rates(module))
            self.optimizer = optimizer_class(groups, **options)
        return self.optimizer

    def _weight_rates(self, model: nn.Module) -> dict[str, WeightRate]:
        """Return group and peak rate of each weight."""
        plain = trunk_and_new_weights(model, self.new_weights_learning_rate)
        if self.strategy is None:
            return plain
        parts = model_parts(model)
        before = {name: weight.rate or self.args.learning_rate for name, weight in plain.items()}
        after = self.strategy.rates(parts, before)
        if after == before:
            return plain
        return {name: WeightRate(str(part), after[name]) for name, part in parts.items()}

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Return the loss after checking that it is finite; of several processes a share whose mean is the loss of all.

        Raises:
            TrainingError: naming the step; the batch's example ids are saved beside the checkpoints.
        """
        example_ids = inputs.get(EXAMPLE_IDS)
        extra_losses = self.extra_losses if model.training else ()
        options = {name: value for extra in extra_losses for name, value in extra.forward_options.items()}
        outputs = model(**model_fields(inputs), **options)
        loss = outputs["loss"] if process_count() == 1 else shared_loss(outputs["loss"], outputs, inputs)
        for extra in extra_losses:
            with self._teaching_precision():
                loss, parts = extra(model, inputs, outputs, loss)
            self._training_meter.add_parts(parts)
        if not torch.isfinite(loss).all():
            self._stop(loss, example_ids)
        if FILLER not in inputs:
            (self._training_meter if model.training else self._evaluation_meter).add(outputs)
        if process_count() > 1 and not model.training:
            loss = mean_over_processes(loss)
        return (loss, outputs) if return_outputs else loss

    def _teaching_precision(self) -> AbstractContextManager[Any]:
        """Return the context of a teacher, which has no autocast of its own.

        On a GPU it computes in the precision of the training, on a CPU in float32, as all records of one do.
        """
        return nullcontext() if self.args.device.type == "cpu" else self.accelerator.autocast()

    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Tensor], *args: Any, **kwargs: Any
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Predict without the example ids, which are not an input of the model."""
        fields = {name: value for name, value in inputs.items() if name != EXAMPLE_IDS}
        return super().prediction_step(model, fields, *args, **kwargs)

    def _leaves_weights_out(self, model: nn.Module) -> bool:
        """Return whether DDP must look for weights without gradient: a strategy may freeze or unfreeze some later."""
        return bool(self.strategy and self.strategy.callbacks(model)) or super()._leaves_weights_out(model)

    def _get_eval_sampler(self, eval_dataset: Any) -> SequentialSampler:
        """Return the examples in order; the Trainer would group them by length, and so reorder predictions."""
        return SequentialSampler(eval_dataset)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the objectives' averages since the last log line."""
        if "loss" in logs:
            logs.update(self._training_meter.take())
        super().log(logs, start_time)

    def evaluation_loop(self, *args: Any, metric_key_prefix: str = "eval", **kwargs: Any) -> EvalLoopOutput:
        """Add the objectives' averages over the evaluation set."""
        self._evaluation_meter.take()
        with loaders_watched():
            output = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **kwargs)
        for name, value in self._evaluation_meter.take().items():
            output.metrics[f"{metric_key_prefix}_{name}"] = value
        return output

    def _stop(self, loss: Tensor, example_ids: Tensor | None) -> None:
        step = self.state.global_step + self.model.training  # an evaluation is after the step
        report = {
            "step": step,
            "loss": str(loss.item()),
            "example_ids": [] if example_ids is None else example_ids.tolist(),
        }
        path = Path(self.args.output_dir) / "failed_batch.json"
        write_atomically(path, json.dumps(report, indent=2) + "\n")
        last = get_last_checkpoint(self.args.output_dir)
        kept = f"the same command continues from {last}" if last is not None else "there is no checkpoint before it"
        raise TrainingError(
            f"the loss became {loss.item()} at step {step}; the ids of the batch's examples are in {path}, and {kept}; "
            "if it happens again, try a lower optimizer.learning_rate, a longer warmup_fraction or precision=fp32"
        )


def build_trainer(
    settings: TrainingSettings,
    model: nn.Module,
    train_set: Any,
    dev_set: Any,
    collate: Callable[..., Any],
    *,
    folder: Path,
    seed: int,
    best_metric: str | None = None,
    label_names: list[str] | None = None,
    trainer_class: type[CharBertTrainer] = CharBertTrainer,
    **arguments: Any,
) -> CharBertTrainer:
    """Return the trainer of one run.

    Args:
        train_set: training features; has a length.
        seed: seed of data order and dropout.
        best_metric: keep the checkpoint that is best by this evaluation metric; None: keep the last.
        label_names: the batch fields that are labels.
        **arguments: of the Hugging Face Trainer, e.g. ``compute_metrics``.
    """
    trainer = trainer_class(
        new_weights_learning_rate=settings.optimizer.new_weights_learning_rate,
        optimizer_cls_and_kwargs=own_optimizer(settings.optimizer),
        model=model,
        args=build_arguments(settings, folder, seed, len(train_set), best_metric=best_metric, label_names=label_names),
        train_dataset=train_set,
        eval_dataset=dev_set,
        data_collator=collate,
        **arguments,
    )
    if settings.optimizer.l1_penalty:
        refuse_several("a penalty on weights (optimizer.l1_penalty)")
        penalty = L1Penalty(settings.optimizer.l1_penalty, trainer.get_decay_parameter_names(model))
        trainer.extra_losses += (penalty,)
    return trainer

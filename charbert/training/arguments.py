"""A run's training settings to the arguments of the Hugging Face Trainer."""

import math
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from charbert.config.training.trainer import OptimizerSettings, Precision, Schedule, TrainingSettings
from charbert.training.distributed.processes import process_count, share_of_batch
from charbert.training.machine.precision import chosen_precision
from charbert.training.optimizer import algorithm_arguments


def total_steps(settings: TrainingSettings, num_examples: int) -> int:
    """Return the number of optimizer steps that the settings give on ``num_examples`` training examples."""
    if settings.max_steps > 0:
        return settings.max_steps
    return max(1, math.ceil(_steps_per_epoch(settings, num_examples) * settings.epochs))


def _steps_per_epoch(settings: TrainingSettings, num_examples: int) -> int:
    """Return the optimizer steps of an epoch; the last one may accumulate fewer batches."""
    return math.ceil(math.ceil(num_examples / settings.batch_size) / settings.gradient_accumulation)


def build_arguments(
    settings: TrainingSettings,
    folder: Path,
    seed: int,
    num_examples: int,
    *,
    best_metric: str | None = None,
    label_names: list[str] | None = None,
) -> TrainingArguments:
    """Return the Trainer's arguments for one run.

    Args:
        seed: seed of data order and dropout.
        best_metric: keep the checkpoint that is best by this evaluation metric; None: keep the last.
        label_names: the batch fields that are labels.

    Raises:
        SettingsError: if a batch cannot be divided among the processes that train together.
    """
    steps = total_steps(settings, num_examples)
    every = _steps_per_epoch(settings, num_examples)
    eval_steps = max(1, steps // settings.evaluations if settings.evaluations else min(every, steps))
    save_steps = max(1, steps // settings.checkpoints) if settings.checkpoints else steps
    if best_metric is not None:
        save_steps = eval_steps  # only an evaluated checkpoint can be the best
    optimizer = settings.optimizer
    options: dict[str, Any] = {
        "output_dir": str(folder),
        "use_cpu": not torch.accelerator.is_available(),
        "seed": seed % 2**31,
        "data_seed": seed % 2**31,
        "max_steps": settings.max_steps,
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": share_of_batch(settings.batch_size, "training.batch_size"),
        "per_device_eval_batch_size": math.ceil(settings.eval_batch_size / process_count()),
        "gradient_accumulation_steps": settings.gradient_accumulation,
        "learning_rate": optimizer.learning_rate,
        **algorithm_arguments(optimizer),
        **_schedule_arguments(optimizer),
        "warmup_steps": math.ceil(optimizer.warmup_fraction * steps),
        "weight_decay": optimizer.weight_decay,
        "adam_epsilon": optimizer.adam_epsilon,
        "max_grad_norm": optimizer.max_grad_norm,
        "bf16": chosen_precision(settings.precision) is Precision.bf16,
        "eval_strategy": "steps",
        "eval_steps": eval_steps,
        "save_strategy": "steps" if settings.checkpoints or best_metric else "no",
        "save_steps": save_steps,
        "save_total_limit": 2,
        "restore_callback_states_from_checkpoint": True,  # the remaining patience of early stopping
        "load_best_model_at_end": best_metric is not None,
        "metric_for_best_model": best_metric,
        "greater_is_better": None if best_metric is None else not best_metric.endswith("loss"),
        "logging_steps": settings.log_every,
        "logging_nan_inf_filter": False,  # a loss that is not finite stops the run, see trainer.py
        "include_num_input_tokens_seen": "non_padding",
        "dataloader_num_workers": settings.num_workers,
        "dataloader_pin_memory": False,
        "train_sampling_strategy": "group_by_length" if settings.group_by_length else "random",
        "remove_unused_columns": False,  # example ids travel with the batch
        "report_to": "none",  # training/tracking.py logs to W&B
    }
    if label_names is not None:
        options["label_names"] = label_names
    arguments = TrainingArguments(**options)
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # one device per process; more would use the slow DataParallel
    return arguments


def _schedule_arguments(optimizer: OptimizerSettings) -> dict[str, Any]:
    name, options = optimizer.schedule.name, {}
    if optimizer.schedule is Schedule.constant and optimizer.warmup_fraction:
        name = "constant_with_warmup"  # the library's constant schedule has no warm-up
    if optimizer.schedule is Schedule.polynomial:
        options = {"power": optimizer.polynomial_power, "lr_end": 0.0}
    return {"lr_scheduler_type": name, "lr_scheduler_kwargs": options}

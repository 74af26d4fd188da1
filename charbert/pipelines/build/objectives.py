"""Settings to the objectives of fine-tuning: labels, class weights, noised text, a teacher."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from charbert.batch import NOISED, TEACHER
from charbert.config.schema import LENGTH_SETTINGS, Settings
from charbert.config.training.robust_training import Divergence, RobustMethod
from charbert.data.collate import PadCollator, PairedCollator, paired_collator
from charbert.errors import SettingsError
from charbert.model.adaptation.student import take_layers
from charbert.model.heads import CharBertForFineTuning
from charbert.model.loading.configurations import read_config
from charbert.model.loading.tokenizers import load_tokenizer
from charbert.model.loading.weights import check_memory, load_whole
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.trunk import check_length
from charbert.noise.attack import Attack
from charbert.pipelines.build.preparation import training_weights
from charbert.runs.recorder import seed_everything
from charbert.runs.teachers import teacher_folder
from charbert.seeding import derive_seed
from charbert.tasks.aligned_examples import AlignedExample, ExampleAligner
from charbert.tasks.encoded import Encoded
from charbert.tasks.paired_batches import PairedDataset, TrainingNoise
from charbert.tasks.task import Task
from charbert.training.distributed.processes import refuse_several
from charbert.training.losses.distillation import Distillation, attach_projections, check_layer_map, spread_layers
from charbert.training.losses.extra_losses import ClassWeightedLoss, ExtraLoss
from charbert.training.losses.paired_losses import ConsistencyTraining

log = logging.getLogger(__name__)


@dataclass
class Objectives:
    """The training set, and the losses that are added to that of the labels."""

    train_set: Any
    """Features, or a dataset of them."""
    collate: Callable[..., Any]
    extra_losses: list[ExtraLoss] = field(default_factory=list)


def build_objectives(
    settings: Settings,
    task: Task[Any, Any],
    examples: Sequence[Any],
    encoded: Encoded,
    processor: CharBertTokenizer,
    model: Any,
) -> Objectives:
    """Return the training set, with what the settings add to it: noised text, class weights, inputs for a teacher.

    Args:
        model: the model to fine-tune; projections may be attached to it, see `charbert.training.losses.distillation`.

    Raises:
        SettingsError: if teacher and student do not match, or class weights are set for a task without classes.
    """
    own = PadCollator(processor.pad_values, processor.row_length)
    robust = settings.robust_training
    weights = training_weights(settings, task, examples)
    losses: list[ExtraLoss] = [] if weights is None else [ClassWeightedLoss(weights)]
    paired = settings.distillation.enabled or robust.method is not RobustMethod.none
    if losses or paired:
        refuse_several("training with distillation, noise or class weights")
    if not paired:
        return Objectives(encoded.features, own, losses)
    aligner = task.head.aligner(task, examples, encoded, settings.finetuning_length)
    collators: dict[str, PadCollator] = {}
    taught = None
    if settings.distillation.enabled:
        their_processor, teacher = load_teacher(settings, task)
        taught = aligner.read_by(their_processor)
        collators[TEACHER] = paired_collator(their_processor.pad_values, their_processor.row_length)
        losses.append(_distillation(settings, task, model, teacher, aligner, taught))
    if robust.method is RobustMethod.consistency:
        collators[NOISED] = paired_collator(processor.pad_values, processor.row_length)
        losses.append(ConsistencyTraining(robust.weight, symmetric=robust.divergence is Divergence.symmetric))
    train_set = PairedDataset(aligner, teacher=taught, noise=_training_noise(settings, processor))
    return Objectives(train_set, PairedCollator(own, collators), losses)


def build_student(settings: Settings, task: Task[Any, Any]) -> tuple[CharBertTokenizer, Any]:
    """Return the processor and the model of a student made of some of the teacher's layers."""
    processor, teacher = load_teacher(settings, task)
    processor.correct_by(None)  # the student has the dictionary of the settings, not the teacher's
    if not isinstance(teacher, CharBertForFineTuning):
        raise SettingsError(
            f"distillation.student_layers needs a teacher saved by this code, got {type(teacher).__name__}; "
            "leave student_layers empty to start the student from a trunk"
        )
    seed_everything(settings.seed, "head")
    with_chars = settings.model.has_char_channel
    layers = settings.distillation.student_layers
    student = take_layers(teacher, layers, char_channel=with_chars, labels=task.labels)
    sizes = [sum(weight.numel() for weight in model.parameters()) / 1e6 for model in (teacher, student)]
    log.info("a student of layers %s: %.1fM of %.1fM weights", layers, *reversed(sizes))
    return processor if with_chars else CharBertTokenizer(processor), student


def load_teacher(settings: Settings, task: Task[Any, Any]) -> tuple[CharBertTokenizer, Any]:
    """Return the teacher's processor and the teacher.

    Raises:
        CheckpointError: if its folder holds no whole model.
        SettingsError: if the model has another head, or lacks a label of the task.
    """
    folder = teacher_folder(settings)
    config = read_config(folder)
    wanted = task.head.architecture
    architecture = (config.architectures or ["no architecture"])[0]
    if not architecture.endswith(f"For{wanted}"):
        raise SettingsError(f"{folder}: task={task.name} needs a teacher with a head For{wanted}, got {architecture}")
    lacking = [label for label in task.labels if label not in config.label2id]
    if lacking:
        raise SettingsError(
            f"{folder}: expected a teacher that knows the labels of task={task.name}, but it lacks {lacking}; "
            f"it has {sorted(config.label2id)}"
        )
    check_length(LENGTH_SETTINGS, settings.finetuning_length, config)
    auto_class = getattr(transformers, task.head.auto_class)
    check_memory(lambda: auto_class.from_config(config), folder)
    load = partial(auto_class.from_pretrained, config=config, dtype=torch.float32, trust_remote_code=False)
    return _load_processor(folder), load_whole(load, folder)[0]


def _load_processor(folder: Path) -> CharBertTokenizer:
    tokenizer = load_tokenizer(folder)
    return tokenizer if isinstance(tokenizer, CharBertTokenizer) else CharBertTokenizer(tokenizer, word_spaces=False)


def _distillation(
    settings: Settings,
    task: Task[Any, Any],
    student: Any,
    teacher: Any,
    aligner: ExampleAligner,
    taught: Sequence[AlignedExample],
) -> Distillation:
    chosen, sizes = settings.distillation, (student.config.num_hidden_layers, teacher.config.num_hidden_layers)
    layer_map = chosen.layer_pairs or spread_layers(*sizes)
    check_layer_map(layer_map, *sizes)
    if chosen.hidden_weight:
        seed_everything(settings.seed, "projections")
        attach_projections(student, list(layer_map), student.config.hidden_size, teacher.config.hidden_size)
    return Distillation(
        teacher,
        weight=chosen.weight,
        temperature=chosen.temperature,
        hidden_weight=chosen.hidden_weight,
        layer_map=layer_map,
        columns=[teacher.config.label2id[label] for label in task.labels] or None,
        whole_texts=aligner.compares_texts and not all(pairing.pairs for pairing in taught),
    )


def _training_noise(settings: Settings, processor: CharBertTokenizer) -> TrainingNoise | None:
    robust = settings.robust_training
    if robust.method is RobustMethod.none:
        return None
    return TrainingNoise(
        Attack(tuple(robust.edits), robust.min_word_length, robust.letters.name, robust.words),
        processor,
        seed=derive_seed(settings.seed, "robust training"),
        examples=robust.examples,
        beside=robust.method is RobustMethod.consistency,
    )

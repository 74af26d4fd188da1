"""Trainings that are the same in any number of processes: ``python shared_run.py FOLDER SCENARIO ...``, or by torchrun.

Each process leaves what it saw and logged in ``FOLDER/SCENARIO-<count>-<index>.json``.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType
from transformers import BertConfig, TrainerCallback

from charbert.batch import TEACHER
from charbert.config.training.trainer import OptimizerSettings, Precision, TrainingSettings
from charbert.data.collate import PadCollator, PairedCollator, paired_collator
from charbert.data.pretraining.batches import PretrainingDataset
from charbert.data.pretraining.word_vocab import WordVocab, count_words
from charbert.data.pretraining.wordpiece import train_wordpiece
from charbert.evaluation.predict import predict_logits
from charbert.model import CharBertForPreTraining, CharBertForTokenClassification, CharBertModel
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.nlm import NlmNoise
from charbert.synthetic import Newswire
from charbert.text.char_vocab import CharVocab
from charbert.training.checkpoints import newest_checkpoint
from charbert.training.distributed.batches import FILLER
from charbert.training.distributed.processes import from_first, process_count, process_index
from charbert.training.losses.paired_losses import TrunkTeacher
from charbert.training.trainer import CharBertTrainer, build_trainer

SHARDED = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP"}
"""What accelerate launch tells its processes of launch/fsdp.yaml."""

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
EXAMPLES = 21
"""Of batches of 4: the last one of an epoch is for one process alone."""


class Texts(list[str]):
    """Blocks in memory."""

    def texts(self, indices: list[int]) -> list[str]:
        return [self[index] for index in indices]


def news() -> tuple[Texts, CharBertTokenizer, BertConfig]:
    sentences = [sentence.text for sentence in Newswire(7).sentences(2 * EXAMPLES)]
    texts = Texts(" ".join(sentences[start : start + 2]) for start in range(0, 2 * EXAMPLES, 2))
    tokenizer = train_wordpiece(texts, 400)
    trunk = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=128, **SIZES, **STILL)
    return texts, CharBertTokenizer(tokenizer, CharVocab.build(texts, 80)), trunk


def pretraining(folder: Path, workers: int = 0, taught: bool = False, **options: Any) -> CharBertTrainer:
    texts, processor, trunk = news()
    words = WordVocab.of_counts(count_words(texts), 300)
    torch.manual_seed(7)
    characters = processor.char_vocab
    assert characters is not None
    model = CharBertForPreTraining.from_trunk(
        trunk, char_vocab=characters.to_dict(), char_embedding_size=8, nlm_vocab_size=len(words)
    )
    data = PretrainingDataset(
        texts, processor, max_length=96, noise=NlmNoise(), word_vocab=words, seed=7, clean_copies=taught
    )
    held_out = PretrainingDataset(Texts(texts[:7]), processor, max_length=96, noise=NlmNoise(), word_vocab=words)
    settings = training(epochs=2.0, num_workers=workers, checkpoints=3, **options)
    labels = ["mlm_labels", "nlm_labels"]
    own = PadCollator(processor.pad_values)
    collate = PairedCollator(own, {TEACHER: paired_collator(processor.pad_values)})
    extra = []
    if taught:
        extra.append(TrunkTeacher(CharBertModel.from_trunk(trunk, char_encoder="none", interaction="none"), 2.0))
    return build_trainer(
        settings, model, data, held_out, collate, folder=folder, seed=7, label_names=labels, extra_losses=extra
    )


def taught(folder: Path) -> CharBertTrainer:
    """The trunk as a teacher beside."""
    return pretraining(folder, taught=True)


def workers(folder: Path) -> CharBertTrainer:
    return pretraining(folder, workers=2)


def tagging(folder: Path) -> CharBertTrainer:
    """A tagger that leaves the char channel's last interaction unused, in batches of similar length."""
    texts, processor, trunk = news()
    torch.manual_seed(7)
    characters = processor.char_vocab
    assert characters is not None
    model = CharBertForTokenClassification.from_trunk(
        trunk, char_vocab=characters.to_dict(), char_embedding_size=8, head_channels="token", num_labels=3
    )
    rows = []
    for number, text in enumerate(texts):
        row = {name: value[0] for name, value in processor([text], truncation=True, max_length=96).items()}
        labels = [token % 3 if token % 5 else -100 for token in row["input_ids"]]
        rows.append(row | {"labels": labels, "example_ids": number})
    settings = training(epochs=2.0, group_by_length=True, gradient_accumulation=2)
    collate = PadCollator(processor.pad_values)
    return build_trainer(
        settings,
        model,
        rows,
        rows[:7],
        collate,
        folder=folder,
        seed=7,
        best_metric="eval_share",
        compute_metrics=lambda evaluation: {
            "share": float((evaluation.predictions.argmax(-1) == evaluation.label_ids).mean())
        },
    )


def training(**options: Any) -> TrainingSettings:
    chosen = {"batch_size": 4, "eval_batch_size": 4, "log_every": 1, "checkpoints": 0, "evaluations": 2} | options
    optimizer = OptimizerSettings(learning_rate=1e-2)
    return TrainingSettings(optimizer=optimizer, precision=Precision.fp32, **chosen)  # results are compared


def sharded(folder: Path) -> CharBertTrainer:
    """The same pretraining with FSDP, which accelerate leaves out on a CPU, though torch can do it there."""
    plain = AcceleratorState.__init__

    def with_plugin(state: AcceleratorState, *args: Any, fsdp_plugin: Any = None, **options: Any) -> None:
        plain(state, *args, fsdp_plugin=fsdp_plugin, **options)
        if fsdp_plugin is not None:
            state.distributed_type, state.fsdp_plugin = DistributedType.FSDP, fsdp_plugin

    with patch.dict(os.environ, SHARDED), patch.object(AcceleratorState, "__init__", with_plugin):
        return pretraining(folder)


SCENARIOS: dict[str, Callable[[Path], CharBertTrainer]] = {
    "pretraining": pretraining,
    "interrupted": pretraining,
    "sharded": sharded,
    "sharded_interrupted": sharded,
    "taught": taught,
    "workers": workers,
    "tagging": tagging,
}


class InterruptedTrainingError(Exception):
    """The training was ended in its middle."""


class Interruption(TrainerCallback):
    """Ends the training at the first checkpoint of the second epoch."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.epoch > 1:
            raise InterruptedTrainingError


def watch(trainer: CharBertTrainer) -> list[list[Any]]:
    """Return a list that fills with the epoch and the examples of every training batch."""
    seen: list[list[Any]] = []
    inner = trainer.training_step

    def step(model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        ids = [] if FILLER in inputs else inputs["example_ids"].tolist()
        seen.append([trainer.state.global_step, ids, inputs["input_ids"].tolist()])
        return inner(model, inputs, *args, **kwargs)

    trainer.training_step = step  # type: ignore[method-assign]
    return seen


def run(folder: Path, scenario: str) -> None:
    if scenario.endswith("interrupted"):
        trainer = SCENARIOS[scenario](folder / f"{scenario}-{process_count()}")
        trainer.add_callback(Interruption())
        with suppress(InterruptedTrainingError):
            trainer.train()
    trainer = SCENARIOS[scenario](folder / f"{scenario}-{process_count()}")
    seen = watch(trainer)
    trainer.train(resume_from_checkpoint=from_first(lambda: newest_checkpoint(Path(trainer.args.output_dir))))
    local = sum(getattr(weight, "_local_tensor", weight).numel() for weight in trainer.model.parameters())
    trainer.make_whole()
    report: dict[str, Any] = {
        "seen": seen,
        "log": trainer.state.log_history,
        "tokens": trainer.state.num_input_tokens_seen,
    }
    report["share"] = local / sum(weight.numel() for weight in trainer.model.parameters())
    report["best"] = trainer.state.best_metric
    handler = trainer.accelerator.ddp_handler
    report["looks_for_unused"] = None if handler is None else handler.find_unused_parameters
    if scenario == "tagging":
        report["logits"] = [row.tolist() for row in predict_logits(trainer, trainer.eval_dataset)]
    report["weights"] = {name: weight.double().sum().item() for name, weight in trainer.model.state_dict().items()}
    path = folder / f"{scenario}-{process_count()}-{process_index()}.json"
    path.write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[2:]:
        run(Path(sys.argv[1]), name)

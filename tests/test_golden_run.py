"""Ten steps of a seeded pretraining against losses written down earlier: the whole chain from text to gradient."""

import json
import os
from pathlib import Path

import pytest
from transformers import BertConfig, set_seed

from charbert.config.training.trainer import OptimizerSettings, Precision, TrainingSettings
from charbert.data.collate import PadCollator
from charbert.data.pretraining.batches import PretrainingDataset
from charbert.data.pretraining.word_vocab import WordVocab, count_words
from charbert.data.pretraining.wordpiece import train_wordpiece
from charbert.model import CharBertForPreTraining
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.nlm import NlmNoise
from charbert.synthetic import Newswire
from charbert.text.char_vocab import CharVocab
from charbert.training.arguments import build_arguments
from charbert.training.trainer import CharBertTrainer

GOLDEN = Path(__file__).parent / "golden" / "pretraining.json"
REFRESH = "CHARBERT_REFRESH_GOLDEN=1 python -m pytest tests/test_golden_run.py"


class Texts(list[str]):
    """Blocks in memory."""

    def texts(self, indices: list[int]) -> list[str]:
        return [self[index] for index in indices]


def ten_steps(folder: Path) -> list[dict[str, float]]:
    sentences = [sentence.text for sentence in Newswire(7).sentences(80)]
    texts = Texts(" ".join(sentences[start : start + 2]) for start in range(0, 80, 2))
    tokenizer = train_wordpiece(texts, 400)
    characters, words = CharVocab.build(texts, 80), WordVocab.of_counts(count_words(texts), 300)
    processor = CharBertTokenizer(tokenizer, characters)
    trunk = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    set_seed(7)
    model = CharBertForPreTraining.from_trunk(
        trunk, char_vocab=characters.to_dict(), char_embedding_size=8, nlm_vocab_size=len(words)
    )
    data = PretrainingDataset(texts, processor, max_length=96, noise=NlmNoise(), word_vocab=words, seed=7)
    training = TrainingSettings(
        precision=Precision.fp32,
        max_steps=10,
        batch_size=4,
        log_every=1,
        checkpoints=0,
        optimizer=OptimizerSettings(learning_rate=1e-2),
    )
    trainer = CharBertTrainer(
        model=model,
        args=build_arguments(training, folder, 7, len(data), label_names=["mlm_labels", "nlm_labels"]),
        train_dataset=data,
        eval_dataset=data,
        data_collator=PadCollator(processor.pad_values),
    )
    trainer.train()
    lines = [line for line in trainer.state.log_history if "mlm_loss" in line and "loss" in line]
    return [{name: line[name] for name in ("loss", "mlm_loss", "nlm_loss", "grad_norm")} for line in lines]


def test_ten_seeded_steps_give_the_losses_written_down(tmp_path: Path) -> None:
    losses = ten_steps(tmp_path)
    if os.environ.get("CHARBERT_REFRESH_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(losses, indent=1) + "\n", encoding="utf-8")
    wanted = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert len(losses) == len(wanted) == 10
    for step, (loss, wanted_loss) in enumerate(zip(losses, wanted, strict=True), start=1):
        # Another processor rounds otherwise, and ten steps carry that on: hence the width.
        assert loss == pytest.approx(wanted_loss, rel=2e-3), (
            f"step {step}: text, noise, masking, model or optimizer changed. If that was meant, refresh with "
            f"`{REFRESH}` and say in the commit which number moved and why"
        )

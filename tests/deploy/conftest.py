"""Tiny fine-tuned models of every head, with and without characters, as fine-tuning saves them."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, PreTrainedTokenizerFast

from charbert.deploy.onnx.export import export_model
from charbert.deploy.predict.usage import write_usage
from charbert.model import (
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.head import Usage
from charbert.text.char_vocab import CharVocab

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
PLAIN = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
ENTITY_TAGS = ("O", "B-LOC", "B-PER", "I-LOC", "I-PER")
MODELS: dict[str, Any] = {
    "token_classification": CharBertForTokenClassification,
    "sequence_classification": CharBertForSequenceClassification,
    "question_answering": CharBertForQuestionAnswering,
}
LABELS = {"token_classification": ENTITY_TAGS, "sequence_classification": ("bad", "fine", "good")}

SaveModel = Callable[..., Path]


@pytest.fixture(scope="session")
def save_model(
    tmp_path_factory: pytest.TempPathFactory, uncased_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> SaveModel:
    """Return a maker of model folders; its models have drawn weights, large enough to tell inputs apart."""

    def make(
        head: str,
        *,
        chars: bool = True,
        labels: tuple[str, ...] | None = None,
        tokenizer: PreTrainedTokenizerFast = uncased_tokenizer,
        seed: int = 0,
        **usage: Any,
    ) -> Path:
        folder = tmp_path_factory.mktemp(head) / "model"
        names = labels or LABELS.get(head, ())
        settings: dict[str, Any] = {"char_vocab": char_vocab.to_dict(), "char_embedding_size": 8} if chars else PLAIN
        if names:
            settings |= {"num_labels": len(names)}
        torch.manual_seed(seed)
        trunk = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, initializer_range=0.3, **SIZES)
        model = MODELS[head].from_trunk(trunk, **settings)
        if names:
            model.config.id2label = dict(enumerate(names))
            model.config.label2id = {name: number for number, name in enumerate(names)}
        torch.nn.init.normal_(model.classifier.weight)
        model.save_pretrained(folder)
        CharBertTokenizer(tokenizer, char_vocab if chars else None).save_pretrained(folder)
        write_usage(folder, Usage(**{"head": head, "max_length": 32} | usage))
        return folder

    return make


@pytest.fixture(scope="session")
def tagger(save_model: SaveModel) -> Path:
    """A CharBERT that tags."""
    return save_model("token_classification")


@pytest.fixture(scope="session")
def exported_tagger(tagger: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, exported to ONNX."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    export_model(tagger, folder)
    return folder


@pytest.fixture(scope="session")
def plain_tagger(save_model: SaveModel) -> Path:
    """A plain trunk that tags."""
    return save_model("token_classification", chars=False)


@pytest.fixture(scope="session")
def classifier(save_model: SaveModel) -> Path:
    """A CharBERT that classifies."""
    return save_model("sequence_classification")


@pytest.fixture(scope="session")
def reader(save_model: SaveModel) -> Path:
    """A CharBERT that answers questions."""
    return save_model("question_answering", max_answer_length=4)


@pytest.fixture(scope="session")
def start_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Return what starts ``charbert serve`` in a process of its own and returns its address; all end with the tests."""
    running: list[subprocess.Popen[bytes]] = []

    def start(model: Path, *options: str | Path) -> str:
        log = tmp_path_factory.mktemp("service") / "stderr.txt"
        command = [sys.executable, "-m", "charbert", "serve", str(model), "--port", "0", "--threads", "1"]
        with log.open("wb") as stream:
            running.append(subprocess.Popen([*command, *map(str, options)], stdout=stream, stderr=stream))
        end = time.monotonic() + 120
        while not (match := re.search(r"on (http://\S+:\d+)\n", log.read_text())):
            assert running[-1].poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        return match[1]

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def service(start_service: Callable[..., str], tagger: Path, plain_tagger: Path) -> str:
    """The address of a service that compares a CharBERT with a plain trunk."""
    limits = {
        "max-body-bytes": 20000,
        "max-characters": 1000,
        "max-texts": 8,
        "body-seconds": 5,
        "timeout-seconds": 300,
    }
    options = [part for name, value in limits.items() for part in (f"--{name}", str(value))]
    return start_service(tagger, "--compare", plain_tagger, *options)

"""Settings as Hydra composes them, with every folder below the test's own, and a trunk to fine-tune."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from charbert.config.schema import Settings
from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.data.readers.glue import LabeledText, write_glue
from charbert.data.readers.squad import Answer, Question, write_squad
from tests.composition import compose_settings

WORDS = ("harbour", "breakfast", "lighthouse", "captain", "weather", "coffee", "painter", "railway")
TAGGED = [
    TaggedSentence(("Nobody", "in", "Malmö", "remembered", "Ada", "Lind"), ("O", "O", "B-LOC", "O", "B-PER", "I-PER")),
    TaggedSentence(("The", "keeper", "counted", "ships", "in", "Zürich"), ("O", "O", "O", "O", "O", "B-LOC")),
]


@pytest.fixture
def composed(tmp_path: Path) -> Callable[..., Settings]:
    def build(*overrides: str) -> Settings:
        folders = [f"paths.outputs={tmp_path / 'outputs'}", f"paths.results={tmp_path / 'results'}"]
        return compose_settings("pretrain", *folders, *overrides, folder=tmp_path)

    return build


@pytest.fixture(scope="session")
def tiny_trunk(tmp_path_factory: pytest.TempPathFactory, uncased_tokenizer: PreTrainedTokenizerFast) -> Path:
    """A BERT of one layer that nobody has trained, as a checkpoint."""
    folder = tmp_path_factory.mktemp("trunk")
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertForMaskedLM(BertConfig(vocab_size=len(uncased_tokenizer), **sizes)).save_pretrained(folder)
    uncased_tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def benchmarks(composed: Callable[..., Settings], tiny_trunk: Path, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a plain trunk on files below the test's own ``data`` folder."""

    def build(*overrides: str) -> Settings:
        trunk = ("trunk=tiny_bert", "trunk.source=folder", f"trunk.location={tiny_trunk}", "model=bert")
        short = ("finetuning.max_steps=3", "finetuning.max_length=48", "finetuning.precision=fp32", "tracking=off")
        return composed(
            "recipe=minilm", "data=benchmarks", f"paths.data={tmp_path / 'data'}", *trunk, *short, *overrides
        )

    return build


@pytest.fixture
def head_data(tmp_path: Path, benchmarks: Callable[..., Settings]) -> Path:
    """Files of ``ner``, ``rte`` and of ``squad1`` (all of its splits in ``squad/one.json``): a task of each head."""
    root = tmp_path / "data"
    for name in ("conll2003", "glue/RTE", "squad"):
        (root / name).mkdir(parents=True)
    for split in ("train", "testa", "testb"):
        write_conll(root / "conll2003" / f"eng.{split}", TAGGED * 4)
    texts = [(f"The {word} is here.", f"A {word} was there.") for word in WORDS]
    rows = [
        LabeledText(*pair, ("entailment", "not_entailment")[number % 2], str(number))
        for number, pair in enumerate(texts)
    ]
    for split in ("train", "dev"):
        write_glue(root / "glue" / "RTE" / f"{split}.tsv", rows, benchmarks("task=rte").task.columns)
    contexts = [f"Passage {number} tells of the {word} and of nothing else." for number, word in enumerate(WORDS)]
    questions = [
        Question(
            f"q{number}", f"What does passage {number} tell of?", context, (Answer(word, context.index(word)),), "a"
        )
        for number, (word, context) in enumerate(zip(WORDS, contexts, strict=True))
    ]
    write_squad(root / "squad" / "one.json", questions, version="1.1")
    return root


@pytest.fixture
def entities(benchmarks: Callable[..., Settings], tmp_path: Path) -> Callable[..., Settings]:
    """The same with files of named entities, clean and attacked by the authors, in place."""
    sentences = [
        TaggedSentence(("Nobody", "in", "Malmö", "saw", "Ada", "Lind"), ("O", "O", "B-LOC", "O", "B-PER", "I-PER")),
        TaggedSentence(("The", "keeper", "counted", "ships", "in", "Zürich"), ("O", "O", "O", "O", "O", "B-LOC")),
    ]
    copy = "charbert_attack/CharAttack_NER/test.txt"
    for relative in (*(f"conll2003/eng.{split}" for split in ("train", "testa", "testb")), copy):
        (tmp_path / "data" / relative).parent.mkdir(parents=True, exist_ok=True)
        write_conll(tmp_path / "data" / relative, sentences * 6)
    return lambda *overrides: benchmarks("task=ner", *overrides)

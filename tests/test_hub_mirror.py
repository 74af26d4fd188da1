"""recipe=paper reads trunk, pretraining text and benchmarks from the hub, here from a local mirror of it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import ClassLabel, Dataset, Features, List, Value
from transformers import BertConfig, BertForPreTraining, PreTrainedTokenizerFast

from tests.hub_mirror import hub_mirror

ONE_STEP = (
    *("recipe=paper", "hydra.mode=MULTIRUN", "tracking=off", "pretraining.max_steps=1", "pretraining.batch_size=2"),
    *("pretraining.evaluations=1", "pretraining.num_workers=0", "finetuning.max_steps=1", "finetuning.batch_size=2"),
)
ENTITIES = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
TEXT = Value("string")


def publish(root: Path, repository: str, config: str, splits: tuple[str, ...], rows: Dataset) -> None:
    """Put a data set into the mirror, each split with the same rows."""
    folder = root / "datasets" / repository
    for split in splits:
        rows.to_parquet(folder / config / f"{split}-00000-of-00001.parquet")
    files = "".join(f"  - {{split: {split}, path: {config}/{split}-*}}\n" for split in splits)
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: {config}\n  data_files:\n{files}---\n")


def rows_of(columns: dict[str, list[Any]], **features: Any) -> Dataset:
    return Dataset.from_dict(columns, features=Features({name: features.get(name, TEXT) for name in columns}))


@pytest.fixture
def mirror(tmp_path: Path, sentences: tuple[str, ...], wordpiece_tokenizer: PreTrainedTokenizerFast) -> Path:
    """A tiny trunk and a few texts, under the names and in the columns that they have on the hub."""
    root, texts = tmp_path / "mirror", list(sentences)
    trunk = root / "models" / "google-bert" / "bert-base-cased"
    wordpiece_tokenizer.save_pretrained(trunk)
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertForPreTraining(BertConfig(vocab_size=len(wordpiece_tokenizer), **sizes)).save_pretrained(trunk)

    articles = (texts * 2010)[:2010]  # the first 2,000 are the dev set
    publish(root, "wikimedia/wikipedia", "20231101.en", ("train",), rows_of({"text": articles}))
    words = [text.split() for text in texts]
    tags = [[int(word[0].isupper()) for word in sentence] for sentence in words]
    entities = rows_of(
        {"tokens": words, "ner_tags": tags}, tokens=List(TEXT), ner_tags=List(ClassLabel(names=ENTITIES))
    )
    publish(root, "lhoestq/conll2003", "default", ("train", "validation", "test"), entities)
    numbers = list(range(len(texts)))
    pairs = rows_of(
        {"question": texts, "sentence": texts, "label": [number % 2 for number in numbers], "idx": numbers},
        label=ClassLabel(names=["entailment", "not_entailment"]),
        idx=Value("int32"),
    )
    publish(root, "nyu-mll/glue", "qnli", ("train", "validation"), pairs)
    answers = [{"text": [text[:3]], "answer_start": [0]} for text in texts]
    questions = rows_of(
        {"id": list(map(str, numbers)), "title": texts, "context": texts, "question": texts, "answers": answers},
        answers={"text": List(TEXT), "answer_start": List(Value("int32"))},
    )
    publish(root, "rajpurkar/squad", "default", ("train", "validation"), questions)
    return root


@pytest.mark.slow
def test_the_recipe_of_the_paper_runs_on_what_a_mirror_of_the_hub_serves(
    tmp_path: Path, mirror: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    folders = (f"paths.outputs={tmp_path / 'outputs'}", f"paths.results={tmp_path / 'results'}")
    script = str(Path(__file__).parents[1] / "experiments" / "table2_robustness.py")
    with hub_mirror(mirror) as address:
        hub = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "0"}
        run_python(script, *ONE_STEP, *folders, "task=ner,qnli,squad1", "model=bert,charbert", **hub)
    records = [json.loads(path.read_text()) for path in (tmp_path / "results").rglob("record.json")]
    scored = {
        (record["settings"]["task"]["name"], record["settings"]["model"]["name"])
        for record in records
        if record["experiment"] == "table2_robustness"
    }
    assert scored == {(task, model) for task in ("ner", "qnli", "squad1") for model in ("BERT", "CharBERT")}

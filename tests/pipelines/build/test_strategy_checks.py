"""Fine-tuning with a strategy: what the record says, what is saved, and what is refused before anything is trained."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import BertModel

from charbert.config.schema import Settings
from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.errors import SettingsError
from charbert.model import CharBertForTokenClassification
from charbert.pipelines.train import finetune
from charbert.runs.comparability import comparison_keys
from charbert.runs.run import finetuning_run

Benchmarks = Callable[..., Settings]
FILES = ("conll2003/eng.train", "conll2003/eng.testa", "conll2003/eng.testb", "charbert_attack/CharAttack_NER/test.txt")
SENTENCES = [
    TaggedSentence(("Nobody", "in", "Malmö", "remembered", "Ada"), ("O", "O", "B-LOC", "O", "B-PER")),
    TaggedSentence(("The", "keeper", "counted", "ships"), ("O", "O", "O", "O")),
]


@pytest.fixture
def ner(tmp_path: Path, benchmarks: Benchmarks) -> Benchmarks:
    for relative in FILES:
        (tmp_path / "data" / relative).parent.mkdir(parents=True, exist_ok=True)
        write_conll(tmp_path / "data" / relative, SENTENCES * 4)
    return lambda *overrides: benchmarks("task=ner", *overrides)


def test_a_model_saved_as_adapters_is_small_and_loads_them(ner: Benchmarks, tiny_trunk: Path) -> None:
    fast = ("finetuning.optimizer.learning_rate=0.01", "finetuning.optimizer.warmup_fraction=0", "strategy.lora.rank=2")
    settings = ner("strategy=lora", "strategy.lora.save=adapters", *fast)
    record = finetune.run(settings)
    folder = finetuning_run(settings).model_folder
    counts = record.details["parameters"]
    assert counts["trainable"] < counts["total"] / 10
    assert not (folder / "model.safetensors").exists()
    loaded = CharBertForTokenClassification.from_pretrained(folder).charbert.trunk.state_dict()
    before = BertModel.from_pretrained(tiny_trunk, add_pooling_layer=False).state_dict()
    learnt = {name.split(".")[-2] for name in loaded if not torch.equal(loaded[name], before[name])}
    assert learnt == {"query", "value"}


def test_a_merged_model_is_an_ordinary_checkpoint(ner: Benchmarks) -> None:
    settings = ner("strategy=lora")
    record = finetune.run(settings)
    folder = finetuning_run(settings).model_folder
    assert not (folder / "adapters").exists()
    names = CharBertForTokenClassification.from_pretrained(folder).state_dict()
    assert not [name for name in names if "lora" in name]
    assert record.details["peak_rates"] == {"layer 0": pytest.approx(1e-3), "head": pytest.approx(1e-3)}


def test_the_record_names_the_rates_of_the_parts(ner: Benchmarks) -> None:
    record = finetune.run(
        ner("strategy=layer_decay", "strategy.reinit_layers=1", "finetuning.optimizer.learning_rate=0.1")
    )
    assert record.details["peak_rates"] == pytest.approx({"embeddings": 0.08, "layer 0": 0.1, "head": 0.1})
    assert record.settings["strategy"]["reinit_layers"] == 1


def test_a_strategy_is_another_run_and_not_compared_with_others(ner: Benchmarks) -> None:
    plain, frozen = ner(), ner("strategy=frozen")
    assert finetuning_run(plain).key == finetuning_run(ner("strategy=full")).key != finetuning_run(frozen).key
    assert comparison_keys(plain)["shared"] != comparison_keys(frozen)["shared"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("strategy=reinit", "strategy.reinit_layers=2"), "reinit_layers must be at most 1"),
        (("strategy=frozen", "strategy.frozen.open_layers=[3]"), "open_layers must be layers of the trunk, -1 to 0"),
        (("model=charbert_unpretrained", "strategy=lora", "strategy.lora.char_channel=frozen"), "never trained"),
        (
            ("model=charbert_unpretrained", "strategy=frozen", "strategy.frozen.open_char_channel=false"),
            "never trained",
        ),
        (("model=bert_case", "strategy=frozen"), "freezes the embedding of word shapes"),
        (("model=bert_case", "strategy=lora"), "freezes the embedding of word shapes"),
    ],
)
def test_a_strategy_that_does_not_fit_the_model_is_refused_before_training(
    overrides: tuple[str, ...], message: str, ner: Benchmarks
) -> None:
    settings = ner(*overrides)
    with pytest.raises(SettingsError, match=message):
        finetune.run(settings)
    assert not Path(settings.paths.results).exists()


def test_contradicting_settings_are_refused_when_they_are_read(ner: Benchmarks) -> None:
    with pytest.raises(SettingsError, match=r"strategy\.reinit_layers=1 .* strategy\.trunk=lora freezes them"):
        ner("strategy=lora", "strategy.reinit_layers=1")

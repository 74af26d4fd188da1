import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from charbert.config.schema import Settings
from charbert.errors import CheckpointError
from charbert.model import CharBertForPreTraining
from charbert.pipelines.build.encoder import load_tokenizer, model_overrides
from charbert.pipelines.build.vocabularies import load_word_vocab
from charbert.pipelines.train.pretrain import new_encoder, prepare_encoder

Composed = Callable[..., Settings]


def test_a_trunk_that_does_not_load_is_named_with_what_to_do(composed: Composed, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"trunk=minilm.*trunk\.source=folder"):
        load_tokenizer(composed("recipe=minilm"), str(tmp_path / "nothing"))


def test_a_plain_trunk_has_no_channel_to_read_or_restore_from(composed: Composed) -> None:
    class Plain:
        char_vocab = None

    overrides = model_overrides(composed("model=nlm_bert"), Plain())  # type: ignore[arg-type]
    assert (overrides["char_encoder"], overrides["head_channels"], overrides["nlm_channel"]) == (
        "none",
        "token",
        "token",
    )


def test_a_model_without_objective_is_not_pretrained(composed: Composed) -> None:
    assert prepare_encoder(composed("model=bert")) is None
    assert prepare_encoder(composed("model=charbert_unpretrained")) is None


def test_a_start_at_the_trunk_copies_its_embeddings_and_adds_nothing(composed: Composed, tiny_trunk: Path) -> None:
    trunk = (f"trunk.location={tiny_trunk}", "trunk=tiny_bert", "trunk.source=folder")
    still = ("pretraining.max_steps=1", "pretraining.optimizer.learning_rate=1e-12", "tracking=off")
    starts = ("model=explored/charbert_nlm_start", "model.interaction_start=trunk")
    settings = composed("recipe=smoke", *starts, *trunk, *still)
    model = CharBertForPreTraining.from_pretrained(prepare_encoder(settings))
    (interaction,), head = model.charbert.interactions, model.nlm_head
    assert (model.config.interaction_start, model.config.nlm_norm) == ("trunk", "own")
    assert interaction.token_out.weight.abs().max() < 1e-6
    assert interaction.token_norm.weight.std() < 1e-6
    words = load_word_vocab(settings)
    tokenizer, table = load_tokenizer(settings, str(tiny_trunk)), model.get_input_embeddings().weight
    word = words.words.index("the")
    subwords = tokenizer("the", add_special_tokens=False)["input_ids"]
    torch.testing.assert_close(head.decoder.weight[word], (table[subwords] - table.mean(dim=0)).mean(dim=0))


@pytest.mark.parametrize("words_per_block", [80, 2])
def test_text_that_is_never_read_is_warned_of(
    words_per_block: int, composed: Composed, tiny_trunk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("昨天我们去城市里的博物馆看了一个关于古代航海历史的展览 " * 80, encoding="utf-8")
    trunk = (f"trunk.location={tiny_trunk}", "trunk=tiny_bert", "trunk.source=folder")
    files = (f"data.corpus.train={text}", f"data.corpus.dev={text}", f"corpus.words_per_block={words_per_block}")
    short = ("pretraining.max_steps=1", "pretraining.max_length=64", "tracking=off")
    prepare_encoder(composed("recipe=smoke", "model=charbert", *trunk, *files, *short))
    warned = [record.getMessage() for record in caplog.records if "is never read" in record.getMessage()]
    assert len(warned) == (words_per_block > 2)
    assert not warned or ("97 % of the pretraining text" in warned[0] and "words_per_block=2," in warned[0])


@pytest.mark.parametrize("model", ["charbert_trunk_teacher", "adv_bert_trunk_teacher"])
def test_the_trunk_teaches_and_is_not_saved(model: str, composed: Composed, tiny_trunk: Path) -> None:
    trunk = (f"trunk.location={tiny_trunk}", "trunk=tiny_bert", "trunk.source=folder")
    settings = composed("recipe=smoke", f"model={model}", *trunk, "pretraining.max_steps=2", "tracking=off")
    folder = prepare_encoder(settings)
    untaught = composed("recipe=smoke", f"model={model}", *trunk, "model.trunk_teacher_weight=0")
    saved = CharBertForPreTraining.from_pretrained(folder).state_dict()
    assert saved.keys() == new_encoder(untaught)[0].state_dict().keys()
    (record,) = (Path(settings.paths.results) / "records").glob("pretrain-*/record.json")
    history = json.loads(record.read_text())["details"]["history"]
    assert any("trunk_distance_loss" in str(row) for row in history)

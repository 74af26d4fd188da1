from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedConfig,
)

from charbert.batch import CHAR_INPUTS
from charbert.errors import DataError, SettingsError
from charbert.model import (
    CharBertConfig,
    CharBertForPreTraining,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertModel,
)
from tests.model.conftest import TRUNKS
from tests.tolerance import assert_near

HEADS = {
    AutoModel: CharBertModel,
    AutoModelForPreTraining: CharBertForPreTraining,
    AutoModelForTokenClassification: CharBertForTokenClassification,
    AutoModelForSequenceClassification: CharBertForSequenceClassification,
    AutoModelForQuestionAnswering: CharBertForQuestionAnswering,
}


@pytest.mark.parametrize("encoder", ["gru", "embeddings"])
@pytest.mark.parametrize("interaction", ["paper", "released", "residual", "none"])
@pytest.mark.parametrize("family", TRUNKS)
def test_padding_does_not_change_states(
    family: str,
    interaction: str,
    encoder: str,
    make_config: Callable[..., CharBertConfig],
    batch: dict[str, Tensor],
    pad_batch: Callable[..., dict[str, Tensor]],
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config(family, interaction=interaction, char_encoder=encoder)).eval()
    model.double()  # so that rounding, which depends on the shape of a batch, cannot hide a leak
    with torch.no_grad():
        states = model(**batch)
        padded = model(**pad_batch(batch, subwords=4, chars=9))
        alone = model(**{name: value[2:, : 12 if name == "char_input_ids" else 4] for name, value in batch.items()})
    real = batch["attention_mask"].bool()
    for name in ("token_states", "char_states"):
        assert_near(padded[name][:, :7][real], states[name][real])
        assert_near(alone[name][0], states[name][2, :4])


def test_the_released_variant_reads_padding(
    make_config: Callable[..., CharBertConfig],
    batch: dict[str, Tensor],
    pad_batch: Callable[..., dict[str, Tensor]],
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config(variant="released")).eval()
    states, padded = model(**batch), model(**pad_batch(batch, chars=9))
    assert not torch.allclose(states.char_states[1, 4], padded.char_states[1, 4], atol=1e-3)


def test_order_of_the_batch_does_not_change_states(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config()).eval()
    flipped = model(**{name: value.flip(0) for name, value in batch.items()})
    assert_near(flipped.char_states.flip(0), model(**batch).char_states)


def test_both_channels_pass_through_the_same_layer(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config(interaction="none")).eval()
    hidden = model(**batch, output_hidden_states=True)
    mask = model._adapter.layer_inputs(model.trunk, hidden.char_states, batch["attention_mask"])[0]
    apart = model.trunk.encoder.layer[0](hidden.char_hidden_states[0], **mask)
    assert_near(hidden.char_hidden_states[1], apart)


def test_characters_of_a_subword_reach_the_token_channel_only_through_the_interaction(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    for interaction, reaches in (("paper", True), ("none", False)):
        model = CharBertModel(make_config(interaction=interaction)).eval()
        model(**batch).token_states[0, 0, 0].backward()
        gradient = model.char_encoder.embedding.weight.grad
        assert bool(gradient is not None and gradient.abs().sum() > 0) == reaches


@pytest.mark.parametrize("share", [True, False])
def test_interaction_is_shared_or_one_per_layer(share: bool, make_config: Callable[..., CharBertConfig]) -> None:
    assert len(CharBertModel(make_config(share_interaction=share)).interactions) == (1 if share else 2)


def test_hidden_states_end_with_the_states(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    output = CharBertModel(make_config("modernbert")).eval()(**batch, output_hidden_states=True)
    assert len(output.token_hidden_states) == len(output.char_hidden_states) == 3
    assert torch.equal(output.char_hidden_states[-1], output.char_states)


@pytest.mark.parametrize("family", TRUNKS)
def test_attentions_of_both_channels_are_distributions_over_real_subwords(
    family: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config(family, attn_implementation="eager")).eval()
    output = model(**batch, output_attentions=True)
    for attentions in (output.attentions, output.char_attentions):
        assert [weights.shape for weights in attentions] == [(3, 2, 7, 7)] * 2
        torch.testing.assert_close(attentions[0].sum(-1)[2, :, :4], torch.ones(2, 4))
        assert attentions[0][2, :, :4, 4:].abs().max() == 0


def test_attentions_of_sdpa_are_refused(make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]) -> None:
    with pytest.raises(SettingsError, match="attn_implementation='eager', got 'sdpa'"):
        CharBertModel(make_config())(**batch, output_attentions=True)


def test_characters_padded_at_the_beginning_are_refused(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    model = CharBertModel(make_config())
    chars = batch["char_input_ids"]
    batch["char_input_ids"] = torch.stack([row.roll(int((row == 0).sum())) for row in chars])
    with pytest.raises(DataError, match="char_input_ids must be padded at the end"):
        model(**batch)
    model(**batch | {name: torch.zeros_like(batch[name]) for name in CHAR_INPUTS})  # no characters at all


def test_a_missing_char_input_is_named(make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]) -> None:
    del batch["start_ids"]
    with pytest.raises(DataError, match=r"no start_ids, but config.char_encoder='gru' needs"):
        CharBertModel(make_config())(**batch)


@pytest.mark.parametrize(
    ("family", "variant"),
    [*((family, "paper") for family in TRUNKS), ("bert", "released"), ("roberta", "released")],
)
@pytest.mark.parametrize("auto", HEADS)
def test_a_saved_model_comes_back_bit_for_bit(
    auto: Any, family: str, variant: str, make_config: Callable[..., CharBertConfig], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = HEADS[auto](make_config(family, variant=variant, num_labels=3))
    model.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").exists()
    loaded, report = auto.from_pretrained(tmp_path, output_loading_info=True)
    assert type(loaded) is HEADS[auto]
    assert not report["missing_keys"] and not report["unexpected_keys"]
    ours, theirs = dict(model.named_parameters()), dict(loaded.named_parameters())
    ours.update(model.named_buffers()), theirs.update(loaded.named_buffers())
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_head_takes_its_encoder_from_a_pretraining_checkpoint(
    make_config: Callable[..., CharBertConfig], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    pretrained = CharBertForPreTraining(make_config())
    pretrained.save_pretrained(tmp_path)
    head = CharBertForTokenClassification.from_pretrained(tmp_path, num_labels=7)
    assert head.classifier.weight.shape == (7, 32)
    ours, theirs = pretrained.charbert.state_dict(), head.charbert.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_new_weights_have_the_initial_values_of_their_kind(make_config: Callable[..., CharBertConfig]) -> None:
    with torch.device("meta"):
        model = CharBertForPreTraining(make_config())
    model.to_empty(device="cpu")
    torch.manual_seed(0)
    model.init_weights()
    for name, parameter in model.charbert.char_encoder.gru.named_parameters():
        assert 0.2 < parameter.abs().max() <= 0.5, name  # U(-1/sqrt(4), 1/sqrt(4))
    assert model.mlm_head.bias.abs().max() == 0
    assert model.charbert.char_encoder.embedding.weight[0].abs().max() == 0


def test_released_initial_weights_include_the_padding_row(make_config: Callable[..., CharBertConfig]) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config(variant="released"))
    assert model.char_encoder.embedding.weight[0].abs().max() > 0
    assert not any(p.requires_grad for p in model.trunk.pooler.parameters())


@pytest.mark.parametrize("family", TRUNKS)
@pytest.mark.parametrize("form", ["folder", "model", "masked_lm", "config"])
def test_from_trunk_takes_the_trunk_in_any_form(
    form: str, family: str, trunk_config: Callable[..., PreTrainedConfig], char_vocab: Any, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    config = trunk_config(family)
    trunk = (AutoModelForMaskedLM if form == "masked_lm" else AutoModel).from_config(config)
    if form == "folder":
        trunk.save_pretrained(tmp_path)
    source = {"folder": tmp_path, "config": config}.get(form, trunk)
    model = CharBertModel.from_trunk(source, char_vocab=char_vocab, char_embedding_size=8)
    assert model.config.char_embedding_size == 8
    assert model.dtype == torch.float32
    if form != "config":
        theirs = trunk.base_model.state_dict()
        for name, weight in model.trunk.state_dict().items():
            assert torch.equal(weight, theirs[name]), name


def test_a_model_has_one_precision_whatever_its_trunk_was_saved_in(
    trunk_config: Callable[..., PreTrainedConfig], char_vocab: Any, tmp_path: Path
) -> None:
    AutoModel.from_config(trunk_config(), dtype=torch.bfloat16).save_pretrained(tmp_path)
    trunk = AutoModel.from_pretrained(tmp_path)
    assert trunk.dtype == trunk.config.dtype == torch.bfloat16
    for source in (tmp_path, trunk, trunk.config):
        model = CharBertModel.from_trunk(source, char_vocab=char_vocab)
        assert {weight.dtype for weight in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("register", ["register_forward_hook", "register_full_backward_hook"])
def test_every_part_that_has_weights_calls_its_hooks(
    register: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    model = CharBertForPreTraining(make_config())
    parts = {name for name, part in model.named_modules() if any(True for _ in part.parameters(recurse=False))}
    called: set[str] = set()
    for name in parts:
        getattr(model.get_submodule(name), register)(lambda *_, name=name: called.add(name))
    output = model(**batch)
    (output.mlm_logits.sum() + output.nlm_logits.sum()).backward()
    assert called == parts


def test_from_trunk_refuses_what_it_does_not_know(
    trunk_config: Callable[..., PreTrainedConfig], char_vocab: Any
) -> None:
    with pytest.raises(SettingsError, match="char_embeding_size"):
        CharBertModel.from_trunk(trunk_config(), char_vocab=char_vocab, char_embeding_size=8)
    with pytest.raises(SettingsError, match="must be one of albert, bert"):
        CharBertModel.from_trunk(PreTrainedConfig(), char_vocab=char_vocab)


@pytest.mark.parametrize("head", [AutoModel, AutoModelForMaskedLM])
def test_a_released_trunk_takes_the_pooler_of_its_source_or_keeps_its_own(
    head: Any, trunk_config: Callable[..., PreTrainedConfig], char_vocab: Any
) -> None:
    source = head.from_config(trunk_config())
    poolers = []
    for trunk in (source, source.config):
        torch.manual_seed(0)
        poolers.append(CharBertModel.from_trunk(trunk, char_vocab=char_vocab, variant="released").trunk.pooler)
    expected = poolers[1] if source.base_model.pooler is None else source.base_model.pooler
    assert torch.equal(poolers[0].dense.weight, expected.dense.weight)


def test_word_shapes_change_nothing_at_first_and_reach_the_token_channel(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor], tmp_path: Path
) -> None:
    alone = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    plain = CharBertModel(make_config(**alone)).eval()
    model = CharBertModel(make_config(**alone, word_shapes=True)).eval()
    report = model.load_state_dict(plain.state_dict(), strict=False)
    assert report.missing_keys == ["shape_embedding.weight"]
    assert not model.shape_embedding.weight.any()
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    shapes = torch.arange(inputs["input_ids"].numel()).reshape(inputs["input_ids"].shape) % 4
    states = model(**inputs, shape_ids=shapes).token_states
    assert torch.equal(states, plain(**inputs).token_states)
    states.square().sum().backward()
    assert (model.shape_embedding.weight.grad.abs().sum(-1) > 0).all()
    with pytest.raises(DataError, match="the batch has no shape_ids"):
        model(**inputs)
    torch.nn.init.normal_(model.shape_embedding.weight)
    model.save_pretrained(tmp_path)
    again = CharBertModel.from_pretrained(tmp_path).eval()
    assert torch.equal(again(**inputs, shape_ids=shapes).token_states, model(**inputs, shape_ids=shapes).token_states)

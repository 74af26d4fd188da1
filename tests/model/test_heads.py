from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoModel, AutoModelForMaskedLM, PreTrainedConfig

from charbert.batch import IGNORED_LABEL
from charbert.model import (
    CharBertConfig,
    CharBertForPreTraining,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)
from tests.model.conftest import TRUNKS
from tests.tolerance import assert_near

FINE_TUNING = (
    CharBertForTokenClassification,
    CharBertForSequenceClassification,
    CharBertForQuestionAnswering,
)


@pytest.fixture
def labels(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(5)
    shape = batch["input_ids"].shape
    mlm, nlm = (torch.randint(30, shape, generator=generator) for _ in range(2))
    nlm[1] = 29  # the unknown word
    chosen = torch.rand(shape, generator=generator)
    mlm = mlm.where((chosen < 0.3) & (batch["attention_mask"] == 1), IGNORED_LABEL)
    return {
        "mlm_labels": mlm,
        "nlm_labels": nlm.where((chosen > 0.6) & (batch["attention_mask"] == 1), IGNORED_LABEL),
    }


@pytest.mark.parametrize("family", TRUNKS)
def test_losses_are_those_of_all_the_logits(
    family: str,
    make_config: Callable[..., CharBertConfig],
    batch: dict[str, Tensor],
    labels: dict[str, Tensor],
) -> None:
    torch.manual_seed(0)
    model = CharBertForPreTraining(make_config(family)).eval()
    scores, output = model(**batch), model(**batch, **labels)
    assert scores.mlm_logits.shape == (3, 7, 40) and scores.nlm_logits.shape == (3, 7, 30)
    assert scores.loss is None and output.mlm_logits is None
    for name in ("mlm", "nlm"):
        logits, wanted = scores[f"{name}_logits"].flatten(0, 1), labels[f"{name}_labels"].flatten()
        torch.testing.assert_close(output[f"{name}_loss"], F.cross_entropy(logits, wanted))
        assert output[f"{name}_count"] == (wanted != IGNORED_LABEL).sum()
        hits = logits.argmax(-1) == wanted
        assert output[f"{name}_correct"] == hits.sum()
        if name == "nlm":
            known = (wanted != IGNORED_LABEL) & (wanted != 29)
            assert known.sum() < output.nlm_count
            assert (output.nlm_known_count, output.nlm_known_correct) == (known.sum(), (hits & known).sum())
    torch.testing.assert_close(output.loss, output.mlm_loss + output.nlm_loss)


@pytest.mark.parametrize("norm", ["none", "own", "shared"])
def test_words_are_scored_by_equation_7_with_the_norm_that_is_named(
    norm: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForPreTraining(make_config(nlm_norm=norm)).eval()
    for own in (model.nlm_head.norm, model.mlm_head.norm):
        if own is not None:
            torch.nn.init.normal_(own.weight)
    output = model(**batch)
    states = F.gelu(model.nlm_head.dense(output.char_states))
    normed = {"none": lambda states: states, "own": model.nlm_head.norm, "shared": model.mlm_head.norm}[norm](states)
    assert_near(output.nlm_logits, model.nlm_head.decoder(normed))


def test_each_objective_reads_its_own_channel(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor], labels: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForPreTraining(make_config(interaction="none")).eval()
    model(**batch, mlm_labels=labels["mlm_labels"]).loss.backward()
    assert model.charbert.char_encoder.embedding.weight.grad is None or (
        model.charbert.char_encoder.embedding.weight.grad.abs().max() == 0
    )
    model.zero_grad()
    model(**batch, nlm_labels=labels["nlm_labels"]).loss.backward()
    assert model.charbert.char_encoder.embedding.weight.grad.abs().max() > 0
    embeddings = model.get_input_embeddings().weight
    assert embeddings.grad is None or embeddings.grad.abs().max() == 0


@pytest.mark.parametrize("absent", ["mlm_labels", "nlm_labels"])
def test_an_absent_label_field_leaves_the_other_objective(
    absent: str,
    make_config: Callable[..., CharBertConfig],
    batch: dict[str, Tensor],
    labels: dict[str, Tensor],
) -> None:
    torch.manual_seed(0)
    model = CharBertForPreTraining(make_config()).eval()
    output = model(**batch, **(labels | {absent: None}))
    name, other = ("mlm", "nlm") if absent == "mlm_labels" else ("nlm", "mlm")
    assert getattr(output, f"{name}_loss") is None
    torch.testing.assert_close(output.loss, output[f"{other}_loss"])


def test_a_batch_without_a_labeled_position_trains_with_loss_zero(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForPreTraining(make_config())
    none = torch.full_like(batch["input_ids"], IGNORED_LABEL)
    loss = model(**batch, mlm_labels=none, nlm_labels=none).loss
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad.abs().max() == 0 for p in model.parameters() if p.grad is not None)


def test_an_objective_can_be_left_out(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor], labels: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    without_nlm = CharBertForPreTraining(make_config(nlm_vocab_size=0))
    assert without_nlm.nlm_head is None and without_nlm(**batch, **labels).nlm_loss is None
    without_mlm = CharBertForPreTraining(make_config(mlm_objective=False))
    output = without_mlm(**batch, **labels)
    assert without_mlm.mlm_head is None
    torch.testing.assert_close(output.loss, output.nlm_loss)


@pytest.mark.parametrize("encoder", ["none", "gru"])
def test_words_are_restored_from_the_token_channel_where_it_is_named(
    encoder: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor], labels: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForPreTraining(make_config(char_encoder=encoder, nlm_channel="token")).eval()
    output = model(**batch)
    assert (output.char_states is None) == (encoder == "none")
    assert torch.equal(output.nlm_logits, model.word_logits(output.token_states))


def test_the_mlm_decoder_is_the_trunks_embedding(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForPreTraining(make_config()).eval()
    before = model(**batch).mlm_logits
    with torch.no_grad():
        model.get_input_embeddings().weight[39] += 1
    unused = (batch["input_ids"] != 39).all(dim=1)
    assert (model(**batch).mlm_logits[unused] != before[unused]).any(dim=(0, 1)).nonzero().flatten().tolist() == [39]


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "albert", "mpnet", "deberta-v2", "deberta-v3"])
def test_from_trunk_takes_the_mlm_head_too(
    family: str,
    trunk_config: Callable[..., PreTrainedConfig],
    char_vocab: Any,
    batch: dict[str, Tensor],
    tmp_path: Any,
) -> None:
    torch.manual_seed(0)
    source = AutoModelForMaskedLM.from_config(trunk_config(family, layer_norm_eps=0.01)).eval()
    with torch.no_grad():
        source.get_output_embeddings().bias.uniform_()
    tokens = {name: batch[name] for name in ("input_ids", "attention_mask")}
    expected = source(**tokens).logits
    source.save_pretrained(tmp_path)
    for trunk in (source, tmp_path):
        model = CharBertForPreTraining.from_trunk(trunk, char_encoder="none").eval()
        assert_near(model(**tokens).mlm_logits, expected)


@pytest.mark.parametrize("family", TRUNKS)
def test_from_trunk_without_an_mlm_head_starts_a_new_one(
    family: str, trunk_config: Callable[..., PreTrainedConfig], char_vocab: Any, tmp_path: Any
) -> None:
    torch.manual_seed(0)
    AutoModel.from_config(trunk_config(family)).save_pretrained(tmp_path)
    model = CharBertForPreTraining.from_trunk(tmp_path, char_vocab=char_vocab)
    assert model.mlm_head.bias.abs().max() == 0
    assert torch.isfinite(model.mlm_head.dense.weight).all()


@pytest.mark.parametrize(("channels", "size"), [("both", 32), ("token", 16), ("char", 16)])
@pytest.mark.parametrize("head", FINE_TUNING)
def test_a_head_reads_the_channels_it_names(
    head: Any, channels: str, size: int, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = head(make_config(head_channels=channels, num_labels=3)).eval()
    assert model.classifier.in_features == size
    states = model.charbert(**batch)
    parts = {"both": ["token_states", "char_states"]}.get(channels, [f"{channels}_states"])
    assert torch.equal(model.head_states(states), torch.cat([states[part] for part in parts], dim=-1))
    model(**batch)


@pytest.mark.parametrize("head", FINE_TUNING)
def test_padding_does_not_change_scores(
    head: Any,
    make_config: Callable[..., CharBertConfig],
    batch: dict[str, Tensor],
    pad_batch: Callable[..., dict[str, Tensor]],
) -> None:
    torch.manual_seed(0)
    model = head(make_config(num_labels=3)).eval()
    name = "start_logits" if head is CharBertForQuestionAnswering else "logits"
    short, long = model(**batch)[name], model(**pad_batch(batch, subwords=3, chars=8))[name]
    if head is not CharBertForSequenceClassification:
        real = batch["attention_mask"].bool()
        short, long = short[real], long[:, :7][real]
    assert_near(long, short)


def test_tags_of_padding_and_unlabeled_subwords_do_not_count(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForTokenClassification(make_config(num_labels=3)).eval()
    tags = torch.ones_like(batch["input_ids"])
    tags[0, 1] = IGNORED_LABEL
    output = model(**batch, labels=tags)
    counted = (batch["attention_mask"] == 1) & (tags != IGNORED_LABEL)
    torch.testing.assert_close(output.loss, F.cross_entropy(output.logits[counted], tags[counted]))


def test_one_label_is_a_regression(make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]) -> None:
    torch.manual_seed(0)
    model = CharBertForSequenceClassification(make_config(num_labels=1)).eval()
    scores = torch.tensor([0.5, 2.0, 4.0])
    output = model(**batch, labels=scores)
    torch.testing.assert_close(output.loss, (output.logits[:, 0] - scores).square().mean())


def test_a_sequence_is_the_mean_of_its_own_subwords(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForSequenceClassification(make_config(num_labels=2)).eval()
    states = model.head_states(model.charbert(**batch))
    expected = model.classifier(states[2, :4].mean(dim=0))
    torch.testing.assert_close(model(**batch).logits[2], expected)


def test_a_row_of_padding_alone_has_finite_scores_and_changes_no_other(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForSequenceClassification(make_config(num_labels=2)).eval()
    expected = model(**batch).logits
    for values in batch.values():
        values[2] = 0
    scores = model(**batch).logits
    assert scores.isfinite().all()
    assert_near(scores[:2], expected[:2])


@pytest.mark.parametrize(("dropout", "expected"), [(None, 0.2), (0.0, 0.0), (0.4, 0.4)])
@pytest.mark.parametrize("head", FINE_TUNING)
def test_the_dropout_before_the_classifier_is_the_trunks_unless_another_is_set_and_none_for_answers(
    head: Any, dropout: float | None, expected: float, make_config: Callable[..., CharBertConfig], batch: Any
) -> None:
    config = make_config(num_labels=3)
    config.trunk_config.hidden_dropout_prob, config.classifier_dropout = 0.2, dropout
    model, calls = head(config), []
    assert model.dropout.p == expected
    model.dropout.register_forward_hook(lambda *_: calls.append(1))
    model(**batch)
    assert len(calls) == (0 if head is CharBertForQuestionAnswering else 1)


def test_answer_positions_beyond_the_window_are_ignored(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForQuestionAnswering(make_config()).eval()
    starts, ends = torch.tensor([1, 30, 2]), torch.tensor([3, 30, 7])
    output = model(**batch, start_positions=starts, end_positions=ends)
    start_loss = F.cross_entropy(output.start_logits[[0, 2]], starts[[0, 2]])
    end_loss = F.cross_entropy(output.end_logits[[0]], ends[[0]])
    torch.testing.assert_close(output.loss, (start_loss + end_loss) / 2)
    columns = {"start_positions": starts[:, None], "end_positions": ends[:, None]}  # as in the library's models
    assert model(**batch, **columns).loss == output.loss
    beyond = torch.full((3,), 99)
    assert model(**batch, start_positions=beyond, end_positions=beyond).loss == 0
    below, first = (model(**batch, start_positions=at, end_positions=at).loss for at in (-beyond, 0 * beyond))
    assert below == first  # as in the library's models


@pytest.mark.parametrize("head", FINE_TUNING)
def test_a_plain_trunk_has_the_same_heads(
    head: Any, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    model = head(make_config(char_encoder="none", nlm_vocab_size=0))
    assert model.classifier.in_features == 16
    output = model(batch["input_ids"], batch["attention_mask"], output_hidden_states=True)
    assert len(output.hidden_states) == 3

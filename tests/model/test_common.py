"""What every model of the transformers library promises, on each class of CharBERT and each family of trunks."""

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForTokenClassification,
    BertConfig,
    BertForSequenceClassification,
    PreTrainedModel,
)

from charbert.batch import CHAR_INPUTS, SHAPE_INPUT, TOKEN_INPUTS
from charbert.errors import DataError, SettingsError
from charbert.model import (
    CharBertConfig,
    CharBertForMaskedLM,
    CharBertForPreTraining,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertModel,
)
from tests.model.conftest import SETTINGS
from tests.tolerance import assert_near

HEADS = (
    CharBertForPreTraining,
    CharBertForMaskedLM,
    CharBertForTokenClassification,
    CharBertForSequenceClassification,
    CharBertForQuestionAnswering,
)
CLASSES = (CharBertModel, *HEADS)
FAMILIES = tuple(SETTINGS)
Batch = dict[str, Tensor]
MakeConfig = Callable[..., CharBertConfig]

every_class = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__.removeprefix("CharBert"))
every_head = pytest.mark.parametrize("kind", HEADS, ids=lambda kind: kind.__name__.removeprefix("CharBertFor"))
every_family = pytest.mark.parametrize("family", FAMILIES)


def build(kind: type[PreTrainedModel], config: CharBertConfig) -> Any:
    torch.manual_seed(0)
    return kind(config).eval()


def labels_of(kind: type[PreTrainedModel], batch: Batch) -> Batch:
    ids = batch["input_ids"]
    return {
        CharBertForPreTraining: {"mlm_labels": ids, "nlm_labels": ids.clamp(max=29)},
        CharBertForMaskedLM: {"labels": ids},
        CharBertForTokenClassification: {"labels": ids % 3},
        CharBertForSequenceClassification: {"labels": ids[:, 0] % 3},
        CharBertForQuestionAnswering: {"start_positions": ids[:, 0] % 3, "end_positions": ids[:, 1] % 3},
    }[kind]


def flat(values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        return [values]
    return [tensor for value in values for tensor in flat(value)]


# Outputs


@every_class
def test_a_tuple_holds_the_values_of_the_output(kind: Any, make_config: MakeConfig, batch: Batch) -> None:
    model = build(kind, make_config(num_labels=3, attn_implementation="eager"))
    options = {"output_hidden_states": True, "output_attentions": True}
    if kind is not CharBertModel:
        options |= labels_of(kind, batch)
    with torch.no_grad():
        output = model(**batch, **options)
        by_argument = model(**batch, **options, return_dict=False)
        model.config.return_dict = False
        by_setting = model(**batch, **options)
    assert isinstance(by_argument, tuple) and isinstance(by_setting, tuple)
    assert kind is CharBertModel or torch.equal(by_argument[0], output.loss)
    expected = flat(output.to_tuple())
    for values in (flat(by_argument), flat(by_setting)):
        assert len(values) == len(expected) > 6
        assert all(torch.equal(*pair) for pair in zip(values, expected, strict=True))


@every_family
@every_class
def test_hidden_states_and_attentions_have_the_librarys_counts_and_shapes(
    kind: Any, family: str, make_config: MakeConfig, batch: Batch
) -> None:
    model = build(kind, make_config(family, num_labels=3, attn_implementation="eager"))
    output = model(**batch, output_hidden_states=True, output_attentions=True)
    states = output.token_hidden_states if kind is CharBertModel else output.hidden_states
    assert [state.shape for state in states] == [(3, 7, 16)] * 3
    assert [weights.shape for weights in output.attentions] == [(3, 2, 7, 7)] * 2
    torch.testing.assert_close(output.attentions[1].sum(-1)[2, :, :4], torch.ones(2, 4))
    plain = model(**batch)
    assert plain.attentions is None and plain.get("hidden_states") is None


def test_the_encoders_output_has_the_librarys_names_too(make_config: MakeConfig, batch: Batch) -> None:
    output = build(CharBertModel, make_config())(**batch, output_hidden_states=True)
    assert output.last_hidden_state is output.token_states
    assert output.hidden_states is output.token_hidden_states


@every_class
def test_a_trainer_keeps_the_fields_of_every_tokenizer(kind: Any) -> None:
    kept = inspect.signature(kind.forward).parameters  # a trainer removes the other columns of a dataset
    assert {*TOKEN_INPUTS, *CHAR_INPUTS, SHAPE_INPUT} <= kept.keys()


def test_attention_is_switched_by_the_librarys_method(make_config: MakeConfig, batch: Batch) -> None:
    model = build(CharBertForTokenClassification, make_config())
    before = model(**batch).logits
    model.set_attn_implementation("eager")
    output = model(**batch, output_attentions=True)
    assert len(output.attentions) == 2
    assert_near(output.logits, before)


@every_class
def test_the_same_batch_gives_the_same_output(kind: Any, make_config: MakeConfig, batch: Batch) -> None:
    model = build(kind, make_config(num_labels=3))
    first, second = (flat(model(**batch).to_tuple()) for _ in range(2))
    assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))
    again = build(kind, make_config(num_labels=3))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("problem", "labels", "outputs"),
    [
        ("regression", torch.tensor([[0.5, 1.0], [2.0, 0.0], [1.0, 1.0]]), 2),
        ("single_label_classification", torch.tensor([0, 1, 1]), 2),
        ("multi_label_classification", torch.tensor([[0, 1], [1, 1], [0, 0]]), 2),
        (None, torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]), 2),
    ],
)
def test_the_loss_of_a_sequence_is_that_of_the_librarys_bert(
    problem: str | None, labels: Tensor, outputs: int, make_config: MakeConfig, batch: Batch
) -> None:
    model = build(CharBertForSequenceClassification, make_config(num_labels=outputs))
    model.config.problem_type = problem
    output = model(**batch, labels=labels)
    losses = {
        "regression": nn.MSELoss(),
        "single_label_classification": nn.CrossEntropyLoss(),
        "multi_label_classification": lambda logits, wanted: nn.BCEWithLogitsLoss()(logits, wanted.float()),
    }
    expected = problem or "multi_label_classification"
    assert_near(output.loss, losses[expected](output.logits, labels))
    assert model.config.problem_type == expected


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([0.5, 1.0, 2.0], "regression"),
        ([0, 1, 1], "single_label_classification"),
        ([[0], [1], [1]], "single_label_classification"),
        ([[0.0, 1.0]] * 3, "multi_label_classification"),
        ([[False, True]] * 3, "multi_label_classification"),
    ],
)
def test_the_first_labels_tell_a_pipeline_the_problem_as_in_the_librarys_bert(
    labels: list[Any], problem: str, make_config: MakeConfig, batch: Batch, tmp_path: Path
) -> None:
    outputs = 1 if problem == "regression" else 2
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    bert = BertForSequenceClassification(BertConfig(vocab_size=40, num_labels=outputs, **size))
    bert(
        batch["input_ids"], labels=torch.tensor(labels).float() if problem.startswith("multi") else torch.tensor(labels)
    )
    model = build(CharBertForSequenceClassification, make_config(num_labels=outputs))
    model(**batch, labels=torch.tensor(labels))
    model.save_pretrained(tmp_path)
    assert AutoConfig.from_pretrained(tmp_path).problem_type == bert.config.problem_type == problem


def test_the_masked_language_model_warns_of_characters_of_what_it_predicts(
    make_config: MakeConfig, batch: Batch
) -> None:
    model = build(CharBertForMaskedLM, make_config())
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    with pytest.warns(UserWarning, match="hide_subwords"):
        model(**batch, labels=labels)
    with warnings.catch_warnings(action="error"):
        model(**batch)
        model(**batch | {"end_ids": batch["start_ids"]}, labels=labels)


# Embeddings


@every_family
@every_class
def test_embeddings_take_the_place_of_subwords(kind: Any, family: str, make_config: MakeConfig, batch: Batch) -> None:
    model = build(kind, make_config(family, num_labels=3))
    ids = batch.pop("input_ids")
    options = {} if kind is CharBertModel else labels_of(kind, batch | {"input_ids": ids})
    real = batch["attention_mask"].bool()
    options = {name: value.masked_fill(~real, -100) for name, value in options.items() if value.shape == real.shape}
    if kind is CharBertForQuestionAnswering:
        options = {}  # its loss reads the scores of padding, where RoBERTa counts no positions
    with torch.no_grad():
        vectors = model.get_input_embeddings()(ids)
        for given_labels in ({}, options):
            expected = model(input_ids=ids, **batch, **given_labels)
            output = model(inputs_embeds=vectors, **batch, **given_labels)
            assert output.keys() == expected.keys()
            for name, value in output.items():
                per_subword = value.shape[:2] == ids.shape
                given, wanted = (part[real] if per_subword else part for part in (value, expected[name]))
                assert_near(given.double(), wanted.double())


def test_embeddings_and_subwords_together_or_neither_are_refused(make_config: MakeConfig, batch: Batch) -> None:
    model = build(CharBertModel, make_config())
    with pytest.raises(DataError, match="either input_ids or inputs_embeds"):
        model(**batch, inputs_embeds=torch.zeros(3, 7, 16))
    del batch["input_ids"]
    with pytest.raises(DataError, match="either input_ids or inputs_embeds"):
        model(**batch)
    with pytest.raises(DataError, match="no char_input_ids, start_ids, end_ids"):
        model(inputs_embeds=torch.zeros(3, 7, 16))


@every_class
def test_resizing_keeps_old_subwords_and_adds_new_ones(
    kind: Any, make_config: MakeConfig, batch: Batch, tmp_path: Path
) -> None:
    model = build(kind, make_config(num_labels=3))
    if issubclass(kind, CharBertForPreTraining):
        nn.init.normal_(model.mlm_head.bias)
    before = model(**batch)
    embeddings = model.resize_token_embeddings(43, pad_to_multiple_of=8)
    assert embeddings is model.get_input_embeddings() and embeddings.weight.shape == (48, 16)
    assert model.config.vocab_size == model.config.trunk_config.vocab_size == 48
    after = model(**batch)
    for name, value in after.items():
        assert_near(value[..., :40] if value.shape[-1] == 48 else value, before[name])
    batch["input_ids"][0, 0] = 47
    new = flat(model(**batch).to_tuple())
    model.save_pretrained(tmp_path)
    loaded = kind.from_pretrained(tmp_path)
    assert loaded.config.vocab_size == 48
    assert all(torch.equal(*pair) for pair in zip(flat(loaded(**batch).to_tuple()), new, strict=True))
    loaded.resize_token_embeddings(40)
    batch["input_ids"][0, 0] = 3
    assert loaded(**batch)[0].isfinite().all()


@every_family
def test_the_mlm_decoder_is_tied_and_grows_with_the_subwords(
    family: str, make_config: MakeConfig, batch: Batch, tmp_path: Path
) -> None:
    model = build(CharBertForPreTraining, make_config(family))
    model.resize_token_embeddings(44)
    for tied in (model, CharBertForPreTraining.from_pretrained(_saved(model, tmp_path))):
        assert tied.get_output_embeddings().weight is tied.get_input_embeddings().weight
        assert tied.get_output_embeddings().out_features == 44 and tied.mlm_head.bias.shape == (44,)
        assert model(**batch).mlm_logits.shape == (3, 7, 44)
        assert len([name for name, _ in tied.named_parameters() if "decoder" in name]) == 2  # those of NLM
    fresh = nn.Embedding(44, model.get_input_embeddings().embedding_dim)
    model.set_input_embeddings(fresh)
    model.tie_weights()
    assert model.get_output_embeddings().weight is fresh.weight


@pytest.mark.parametrize("kind", [CharBertForPreTraining, CharBertForMaskedLM])
def test_a_decoder_without_the_trunks_embeddings_is_refused(kind: Any, make_config: MakeConfig) -> None:
    config = make_config()
    config.tie_word_embeddings = False
    with pytest.raises(SettingsError, match="tie_word_embeddings must be True"):
        kind(config)


def test_only_a_head_with_mlm_has_output_embeddings(make_config: MakeConfig) -> None:
    for kind in CLASSES:
        assert (build(kind, make_config()).get_output_embeddings() is not None) == issubclass(
            kind, CharBertForPreTraining
        )
    assert build(CharBertForPreTraining, make_config(mlm_objective=False)).get_output_embeddings() is None


def _saved(model: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    return folder


# Weights


@every_family
@every_class
def test_no_weight_keeps_what_was_in_memory(kind: Any, family: str, make_config: MakeConfig, batch: Batch) -> None:
    with torch.device("meta"):
        model = kind(make_config(family, num_labels=3))
    model.to_empty(device="cpu")
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data.fill_(float("nan") if tensor.is_floating_point() else 10**6)
    torch.manual_seed(0)
    model.init_weights()
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        assert tensor.isfinite().all() and tensor.abs().max() < 10**6, name
    assert model.eval()(**batch)[0].isfinite().all()


@every_head
def test_a_base_checkpoint_starts_a_head_and_the_reverse(
    kind: Any, make_config: MakeConfig, batch: Batch, tmp_path: Path
) -> None:
    base = build(CharBertModel, make_config())
    head, report = kind.from_pretrained(_saved(base, tmp_path / "base"), num_labels=3, output_loading_info=True)
    assert report["missing_keys"] and not any(name.startswith("charbert.") for name in report["missing_keys"])
    assert not report["unexpected_keys"] and not report["mismatched_keys"]
    assert all(tensor.isfinite().all() and tensor.device.type == "cpu" for tensor in head.parameters())
    back = AutoModel.from_pretrained(_saved(head, tmp_path / "head"))
    assert type(back) is CharBertModel
    with torch.no_grad():
        states = [model(**batch).char_states for model in (base, head.eval().charbert, back)]
    assert torch.equal(states[0], states[1]) and torch.equal(states[0], states[2])


@pytest.mark.parametrize("options", [{"dtype": torch.bfloat16}, {"device_map": "cpu"}, {"device_map": "auto"}])
@every_class
def test_a_model_loads_in_another_precision_and_with_a_device_map(
    kind: Any, options: Any, make_config: MakeConfig, batch: Batch, tmp_path: Path
) -> None:
    folder = _saved(build(kind, make_config(num_labels=3)), tmp_path)
    model = kind.from_pretrained(folder, **options)
    assert {weight.dtype for weight in model.parameters()} == {options.get("dtype", torch.float32)}
    assert model.dtype is options.get("dtype", torch.float32)
    output = model(**batch)[0]
    assert output.isfinite().all() and output.device.type == "cpu"


@pytest.mark.parametrize("options", [{}, {"dtype": None}, {"dtype": "auto"}])
def test_a_model_saved_in_half_precision_computes_in_float32_unless_asked(
    options: Any, make_config: MakeConfig, batch: Batch, tmp_path: Path
) -> None:
    folder = _saved(build(CharBertModel, make_config()).half(), tmp_path)
    for kind in (CharBertModel, AutoModel, AutoModelForTokenClassification):
        model = kind.from_pretrained(folder, **options)
        assert {weight.dtype for weight in model.parameters()} == {torch.float32}
        assert model.dtype is model.config.dtype is torch.float32
        assert kind.from_pretrained(folder, dtype="float16").dtype is torch.float16


def test_a_model_loads_from_a_subfolder_and_with_the_name_of_its_configuration(
    make_config: MakeConfig, batch: Batch, tmp_path: Path
) -> None:
    model = build(CharBertModel, make_config())
    folder = _saved(model, tmp_path / "parts" / "encoder")
    for where, options in ((tmp_path / "parts", {"subfolder": "encoder"}), (folder, {"config": str(folder)})):
        for kind in (CharBertModel, AutoModel):
            loaded = kind.from_pretrained(where, **options)
            assert torch.equal(loaded(**batch).token_states, model(**batch).token_states)


def test_a_reader_saved_under_the_former_name_of_its_head_is_read(
    make_config: MakeConfig, batch: Batch, tmp_path: Path
) -> None:
    model = build(CharBertForQuestionAnswering, make_config())
    weights = {name.replace("qa_outputs", "classifier"): value for name, value in model.state_dict().items()}
    model.save_pretrained(tmp_path, state_dict=weights)
    loaded, report = CharBertForQuestionAnswering.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert torch.equal(loaded(**batch).start_logits, model(**batch).start_logits)
    loaded.save_pretrained(tmp_path / "again")
    again = CharBertForQuestionAnswering.from_pretrained(tmp_path / "again", key_mapping=None)
    assert torch.equal(again.qa_outputs.weight, model.classifier.weight)


# Training


@every_family
@every_head
def test_a_step_changes_every_weight(kind: Any, family: str, make_config: MakeConfig, batch: Batch) -> None:
    model = build(kind, make_config(family, num_labels=3)).train()
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    model(**batch, **labels_of(kind, batch)).loss.backward()
    torch.optim.SGD(model.parameters(), lr=10.0).step()
    unread = {name for name in before if family == "deberta-v3" and "key_proj.bias" in name}
    if kind is CharBertForMaskedLM:  # it reads the token channel alone
        unread |= {name for name in before if "interactions.1.char_norm" in name or "interactions.1.char_out" in name}
    still = {name for name, weight in model.named_parameters() if torch.equal(weight, before[name])} - unread
    assert not {name for name in still if not name.endswith(("key.bias", "k_lin.bias", "attn.k.bias"))}


@pytest.mark.parametrize("reentrant", [False, True])
@every_family
@every_head
def test_checkpointing_runs_each_layer_twice_and_changes_neither_loss_nor_gradients(
    kind: Any, family: str, reentrant: bool, make_config: MakeConfig, batch: Batch
) -> None:
    model = build(kind, make_config(family, num_labels=3)).train()
    runs = {"layer": 0, "interaction": 0}

    def count(part: str) -> Callable[..., None]:
        return lambda *_: runs.update({part: runs[part] + 1})

    adapter = model.base_model._adapter
    for layer in dict.fromkeys(adapter.layers(model.base_model.trunk)):
        layer.get_submodule(adapter.attention_name).register_forward_hook(count("layer"))
    for interaction in model.base_model.interactions:
        interaction.token_out.register_forward_hook(count("interaction"))
    results = []
    for checkpointing in (False, True):
        if checkpointing:
            model.activation_checkpointing_enable({"use_reentrant": reentrant})
            assert model.is_activation_checkpointing
        torch.manual_seed(1)  # of the dropout
        model.zero_grad()
        runs.update(layer=0, interaction=0)
        loss = model(**batch, **labels_of(kind, batch)).loss
        loss.backward()
        assert runs == dict.fromkeys(runs, 4 if checkpointing else 2)
        results.append((loss, {name: weight.grad for name, weight in model.named_parameters()}))
        model.zero_grad(set_to_none=True)
    (loss, gradients), (same_loss, same_gradients) = results
    assert torch.equal(loss, same_loss)
    for name, gradient in gradients.items():
        same = same_gradients[name]  # reentrant checkpointing gives zeros to what is not read
        gradient = torch.zeros_like(same) if gradient is None and same is not None else gradient
        torch.testing.assert_close(same, gradient, msg=name)
    model.activation_checkpointing_disable()
    assert not model.is_activation_checkpointing


def test_a_gradient_of_a_gradient_is_refused_where_a_faster_kernel_has_none(
    make_config: MakeConfig, batch: Batch
) -> None:
    model = build(CharBertForTokenClassification, make_config(num_labels=3)).train()
    vectors = model.get_input_embeddings()(batch.pop("input_ids")).detach().requires_grad_()
    loss = model(**batch, inputs_embeds=vectors, labels=batch["start_ids"] % 3).loss
    (gradient,) = torch.autograd.grad(loss, vectors, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.square().sum().backward()


# Compilation


@pytest.mark.slow
@pytest.mark.parametrize("kind", [CharBertForTokenClassification, CharBertForPreTraining])
def test_a_compiled_model_breaks_its_graph_at_the_char_encoder_and_the_pretraining_loss_only(
    kind: Any, make_config: MakeConfig, batch: Batch
) -> None:
    model = build(kind, make_config(num_labels=3))
    labels = labels_of(kind, batch)
    torch._dynamo.reset()
    explained = torch._dynamo.explain(model)(**batch, **labels)
    places = {reason.user_stack[-1].name for reason in explained.break_reasons}
    assert places <= {"_encode_chars", "_report"} and explained.graph_count < 8
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager")
    assert torch.equal(compiled(**batch, **labels).loss, model(**batch, **labels).loss)
    torch._dynamo.reset()


@pytest.mark.slow
@every_family
def test_a_compiled_model_trains_as_the_plain_one(family: str, make_config: MakeConfig, batch: Batch) -> None:
    torch._dynamo.reset()
    model = build(CharBertForTokenClassification, make_config(family, num_labels=3))
    compiled = torch.compile(model, backend="aot_eager")
    gradients = []
    for call in (model, compiled):
        model.zero_grad(set_to_none=True)
        call(**batch, **labels_of(type(model), batch)).loss.backward()
        gradients.append({name: weight.grad for name, weight in model.named_parameters()})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)
    torch._dynamo.reset()

"""Models and losses with all tensors on a GPU, which is pretended: see `tests.accelerator`."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from charbert.analysis.embedding_sources import BiLstmTagger, collate_states
from charbert.batch import NOISED, OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.deploy.predict.backends import TorchBackend
from charbert.model import (
    CharBertConfig,
    CharBertForMaskedLM,
    CharBertForPreTraining,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertModel,
)
from charbert.model.char_encoder import CharGru
from charbert.model.losses import labeled_loss
from charbert.model.word_recognizer.correction import WordCorrector
from charbert.model.word_recognizer.network import WordRecognizer, WordRecognizerConfig
from charbert.text.char_vocab import CharVocab
from charbert.training.losses.distillation import Distillation, attach_projections
from charbert.training.losses.extra_losses import ClassWeightedLoss, L1Penalty
from charbert.training.losses.paired_losses import ConsistencyTraining, TrunkTeacher
from charbert.training.meter import ObjectiveMeter
from tests.accelerator import PretendedGpu, Recurrence
from tests.model.conftest import SETTINGS
from tests.tolerance import assert_near

Batch = dict[str, Any]
MakeConfig = Callable[..., CharBertConfig]

PLAIN = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
VARIANTS: dict[str, dict[str, Any]] = {
    "shared interaction": {"share_interaction": True},
    "residual interaction": {"interaction": "residual"},
    "released": {"variant": "released"},
    "without GRU": {"char_encoder": "embeddings"},
    "eager attention": {"attn_implementation": "eager"},
    "plain": PLAIN,
}
LABELS: dict[Any, Callable[[Tensor], Batch]] = {
    CharBertForPreTraining: lambda ids: {"mlm_labels": ids, "nlm_labels": ids % 30},
    CharBertForMaskedLM: lambda ids: {"labels": ids},
    CharBertForTokenClassification: lambda ids: {"labels": ids % 3},
    CharBertForSequenceClassification: lambda ids: {"labels": ids[:, 0] % 3},
    CharBertForQuestionAnswering: lambda ids: {"start_positions": ids[:, 0] % 3, "end_positions": ids[:, 1] % 3},
}


pytestmark = pytest.mark.filterwarnings("ignore:PyTorch was compiled without cuDNN")


@pytest.fixture
def gpu() -> PretendedGpu:
    return PretendedGpu()


@pytest.fixture
def autocast() -> Iterator[None]:
    """Turn autocast on, as a training in bf16 on a GPU does; on a CPU it has no effect."""
    torch.set_autocast_enabled("cuda", True)
    yield
    torch.set_autocast_enabled("cuda", False)


def build(kind: Any, config: CharBertConfig) -> Any:
    torch.manual_seed(0)
    return kind(config).eval()  # without dropout, so that both devices compute the same


def labeled(kind: Any, batch: Batch) -> Batch:
    return batch | LABELS[kind](batch["input_ids"])


def gradients(model: Any) -> dict[str, Tensor]:
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def check_step(gpu: PretendedGpu, model: Any, batch: Batch) -> None:
    """Check that outputs are on the GPU, and that loss and gradients are those of the CPU."""
    expected = model(**batch).loss
    expected.backward()
    wanted = gradients(model)
    model.zero_grad()
    gpu.put(model)
    with gpu:
        output = model(**gpu.put(batch))
        assert {value.device for value in output.values() if isinstance(value, Tensor)} == {gpu.device}
        output.loss.backward()
    assert_near(output.loss, expected)
    found = gradients(model)
    assert found.keys() == wanted.keys()
    assert_near(*(torch.cat([side[name].flatten() for name in wanted]) for side in (found, wanted)))


@pytest.mark.filterwarnings("ignore:the char channel reads the characters")
@pytest.mark.parametrize("kind", LABELS, ids=lambda kind: kind.__name__.removeprefix("CharBertFor"))
def test_every_head_trains(kind: Any, make_config: MakeConfig, batch: Batch, gpu: PretendedGpu) -> None:
    check_step(gpu, build(kind, make_config(num_labels=3)), labeled(kind, batch))


@pytest.mark.parametrize("family", SETTINGS)
def test_every_trunk_trains(family: str, make_config: MakeConfig, batch: Batch, gpu: PretendedGpu) -> None:
    check_step(gpu, build(CharBertForPreTraining, make_config(family)), labeled(CharBertForPreTraining, batch))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains(variant: str, make_config: MakeConfig, batch: Batch, gpu: PretendedGpu) -> None:
    long = {name: values.repeat(6, 1) for name, values in batch.items()}  # enough that interactions are folded
    check_step(
        gpu, build(CharBertForPreTraining, make_config(**VARIANTS[variant])), labeled(CharBertForPreTraining, long)
    )


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_the_objectives_are_averaged(kind: str, make_config: MakeConfig, batch: Batch) -> None:
    gpu, model = PretendedGpu(kind), build(CharBertForPreTraining, make_config())
    meter, resumed = ObjectiveMeter(), ObjectiveMeter()
    meter.add(model(**labeled(CharBertForPreTraining, batch)))
    resumed.restore(meter.state(), torch.device("cpu"))
    gpu.put(model)
    with gpu:
        resumed.restore(resumed.state(), gpu.device)
        resumed.add(model(**gpu.put(labeled(CharBertForPreTraining, batch))))
        assert resumed.take() == pytest.approx(meter.take(), rel=1e-4)


def paired(batch: Batch, name: str) -> Batch:
    positions = torch.tensor([[0, 1, 4], [0, 2, -1], [1, 2, 3]])
    return {**batch, name: {**batch, OWN_POSITIONS: positions, THEIR_POSITIONS: positions}}


def extra_losses(make_config: MakeConfig) -> dict[str, Any]:
    teacher = build(CharBertForTokenClassification, make_config(num_labels=3))
    return {
        "distillation": Distillation(
            teacher, weight=0.5, temperature=2.0, hidden_weight=1.0, layer_map={1: 1, 2: 2}, columns=[2, 1, 0]
        ),
        "consistency": ConsistencyTraining(1.0, symmetric=True),
        "class weights": ClassWeightedLoss([1.0, 2.0, 3.0]),
        "L1": L1Penalty(0.1, ["classifier.weight"]),
    }


@pytest.mark.parametrize("name", ["distillation", "consistency", "class weights", "L1"])
def test_every_extra_loss_trains(name: str, make_config: MakeConfig, batch: Batch, gpu: PretendedGpu) -> None:
    extra = extra_losses(make_config)[name]
    model = build(CharBertForTokenClassification, make_config(num_labels=3))
    attach_projections(model, [1, 2], 16, 16)  # none: of equal size
    gpu.put(model)
    given = labeled(CharBertForTokenClassification, batch)
    with gpu:
        given = gpu.put(paired(paired(given, TEACHER), NOISED))
        inputs = {field: value for field, value in given.items() if isinstance(value, Tensor)}
        outputs = model(**inputs, **extra.forward_options)
        loss, parts = extra(model, given, outputs, outputs.loss)
        assert {value.device for value in (loss, *parts.values())} == {gpu.device}
        loss.backward()
    assert model.classifier.weight.grad.any()


def test_the_trunk_teaches_where_the_model_is(
    make_config: MakeConfig, batch: Batch, gpu: PretendedGpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = TrunkTeacher(build(CharBertModel, make_config(**PLAIN, nlm_vocab_size=0)), weight=1.0)
    model = gpu.put(build(CharBertForPreTraining, make_config()))
    given = labeled(CharBertForPreTraining, paired(batch, TEACHER))
    with gpu:
        given = gpu.put(given)
        outputs = model(**{name: value for name, value in given.items() if name != TEACHER})
        loss, parts = teacher(model, given, outputs, outputs.loss)
        loss.backward()
        assert parts["trunk_distance"].device == gpu.device
        monkeypatch.setattr(teacher.trunk, "to", None)  # it is there already
        teacher(model, given, outputs, outputs.loss)


def test_networks_over_words_train(gpu: PretendedGpu, autocast: None) -> None:
    torch.manual_seed(0)
    vocabulary = CharVocab.build(["ships and islands"], size=20)
    config = WordRecognizerConfig(words=["ships", "and"], char_vocab=vocabulary.to_dict(), hidden_size=4)
    recognizer, tagger = WordRecognizer(config), BiLstmTagger(6, 4, 3, num_layers=1, dropout=0.0)
    rows = [np.ones((words, 6), np.float32) for words in (3, 1)]
    features = [
        {"states": row, "attention_mask": np.ones(len(row), np.int64), "labels": np.zeros(len(row), np.int64)}
        for row in rows
    ]
    gpu.put(recognizer)
    gpu.put(tagger)
    with gpu:
        assert WordCorrector(recognizer).correct_many([["ships"], [], ["sihps", "adn"]])[1] == []
        output = tagger(**gpu.put(collate_states(features)))
        output.loss.backward()
    assert [call.autocast for call in gpu.recurrences] == [False, False]
    assert tagger.lstm.weight_ih_l0.grad.any()


def test_predictions_come_back_to_the_cpu(make_config: MakeConfig, batch: Batch, gpu: PretendedGpu) -> None:
    backend = TorchBackend(build(CharBertForQuestionAnswering, make_config()))
    expected = backend(batch)
    gpu.put(backend.model)
    with gpu:
        for logits, wanted in zip(backend(batch), expected, strict=True):
            assert_near(torch.from_numpy(logits), torch.from_numpy(wanted))


# What is special about a GPU


def test_a_gru_does_not_compute_in_float16_and_goes_backward_in_evaluation(
    make_config: MakeConfig, batch: Batch, gpu: PretendedGpu, autocast: None
) -> None:
    model = gpu.put(build(CharBertModel, make_config()))
    with gpu:
        model(**gpu.put(batch)).char_states.sum().backward()
        with torch.no_grad():
            model(**batch)
    assert gpu.recurrences == [Recurrence(autocast=False, trains=True), Recurrence(autocast=False, trains=False)]


def test_a_loss_waits_once_for_any_number_of_labels(gpu: PretendedGpu) -> None:
    head = gpu.put(torch.nn.Linear(4, 5))
    states, labels = gpu.put({"states": torch.randn(40, 10, 4), "labels": torch.arange(400).view(40, 10) % 5}).values()
    with gpu:
        labeled_loss(head, states.requires_grad_(), labels)["loss"].backward()
    assert len(gpu.waits) == 1


def test_weights_are_put_together_for_cudnn_after_they_were_loaded(
    make_config: MakeConfig, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(CharBertModel, make_config()).save_pretrained(tmp_path)
    places: list[str] = []
    monkeypatch.setattr(CharGru, "flatten_parameters", lambda gru: places.append(gru.weight_hh_l0.device.type))
    CharBertModel.from_pretrained(tmp_path)
    assert places[-1] == "cpu", "put together before they were loaded"


# The pretended GPU


def test_tensors_of_both_devices_fail(make_config: MakeConfig, batch: Batch, gpu: PretendedGpu) -> None:
    model = gpu.put(build(CharBertModel, make_config()))
    with gpu, pytest.raises(RuntimeError, match="tensors of both devices"):
        model(**batch)
    with gpu, pytest.raises(TypeError, match="numpy"):
        model(**gpu.put(batch)).token_states.detach().numpy()


def test_a_backward_pass_that_leaves_the_gpu_fails(gpu: PretendedGpu) -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, values: Tensor) -> Tensor:
            ctx.save_for_backward(values)
            return 2 * values

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> Tensor:
            return 2 * gradients[0] + torch.zeros(3) * ctx.saved_tensors[0]

    values = gpu.put(torch.ones(3, requires_grad=True))
    with gpu, pytest.raises(RuntimeError, match="tensors of both devices"):
        Doubled.apply(values).sum().backward()

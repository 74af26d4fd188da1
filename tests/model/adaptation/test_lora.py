"""LoRA adapters: what they change, what is saved of them, and how it is loaded again."""

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModel, AutoModelForTokenClassification, PreTrainedConfig

from charbert.config.training.strategy import AdapterFormat, AttentionMap, ChannelTraining, LoraSettings
from charbert.errors import CheckpointError, SettingsError
from charbert.model import (
    CharBertConfig,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertModel,
)
from charbert.model.adaptation.lora import add_adapters, save_finetuned
from tests.tolerance import assert_near

MakeConfig = Callable[..., CharBertConfig]
FAMILIES = ("bert", "roberta", "electra", "distilbert", "modernbert")
MAPS = {"bert": ("query", "value"), "distilbert": ("q_lin", "v_lin"), "modernbert": ("Wqkv",)}


def adapted(model: Any, **settings: Any) -> Any:
    """Return a model whose adapters, head and other trained weights all differ from the start."""
    wrapped = add_adapters(model, LoraSettings(rank=2, **settings))
    with torch.no_grad():
        for parameter in wrapped.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return wrapped.eval()


@pytest.fixture
def encoder(make_config: MakeConfig, tmp_path: Path) -> Path:
    """A pretrained encoder, as a checkpoint."""
    torch.manual_seed(0)
    CharBertModel(make_config()).save_pretrained(tmp_path / "encoder")
    return tmp_path / "encoder"


@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_stand_at_the_attention_maps_of_every_layer(family: str, make_config: MakeConfig) -> None:
    model = add_adapters(CharBertForTokenClassification(make_config(family)), LoraSettings(rank=2))
    places = {name.split(".lora_A")[0].rsplit(".", 1)[1] for name, _ in model.named_parameters() if "lora_A" in name}
    assert places == set(MAPS.get(family, MAPS["bert"]))
    assert sum("lora_A" in name for name, _ in model.named_parameters()) == 2 * len(places)


@pytest.mark.parametrize("family", FAMILIES)
def test_new_adapters_change_nothing(family: str, make_config: MakeConfig, batch: dict[str, Tensor]) -> None:
    torch.manual_seed(0)
    model = CharBertForTokenClassification(make_config(family)).eval()
    before = model(**batch).logits
    every = LoraSettings(maps=list(AttentionMap), char_channel=ChannelTraining.lora)
    assert_near(add_adapters(model, every).eval()(**batch).logits, before)


@pytest.mark.parametrize("channel", list(ChannelTraining))
def test_merging_keeps_the_scores_and_leaves_an_ordinary_model(
    channel: ChannelTraining, make_config: MakeConfig, batch: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = adapted(CharBertForTokenClassification(make_config()), char_channel=channel)
    scores = model(**batch).logits
    merged = model.merge_and_unload()
    assert_near(merged(**batch).logits, scores)
    save_finetuned(merged, tmp_path / "merged")
    assert not (tmp_path / "merged" / "adapters").exists()
    loaded = CharBertForTokenClassification.from_pretrained(tmp_path / "merged")
    assert_near(loaded(**batch).logits, scores)


@pytest.mark.parametrize("channel", list(ChannelTraining))
def test_a_model_saved_as_adapters_loads_from_its_small_folder(
    channel: ChannelTraining, encoder: Path, batch: dict[str, Tensor], tmp_path: Path
) -> None:
    model = CharBertForTokenClassification.from_pretrained(encoder, num_labels=5)
    model = adapted(model, char_channel=channel, save=AdapterFormat.adapters)
    scores = model(**batch).logits
    save_finetuned(model, tmp_path / "saved")
    assert not list((tmp_path / "saved").glob("model*.safetensors"))
    for loader in (CharBertForTokenClassification, AutoModelForTokenClassification):
        loaded = loader.from_pretrained(tmp_path / "saved")
        assert isinstance(loaded, CharBertForTokenClassification)
        assert_near(loaded(**batch).logits, scores)
    states = CharBertModel.from_pretrained(tmp_path / "saved")(**batch).token_states
    assert torch.allclose(states, loaded.charbert(**batch).token_states)


@pytest.mark.parametrize("loader", [AutoModel, AutoModelForTokenClassification])
def test_all_weights_of_merged_adapters_can_be_trained(
    loader: Any, encoder: Path, batch: dict[str, Tensor], tmp_path: Path
) -> None:
    model = adapted(CharBertForTokenClassification.from_pretrained(encoder), save=AdapterFormat.adapters)
    save_finetuned(model, tmp_path / "saved")
    loaded = loader.from_pretrained(tmp_path / "saved")
    assert all(weight.requires_grad for weight in loaded.parameters())
    loaded(**batch)[0].sum().backward()
    assert loaded.base_model.trunk.get_input_embeddings().weight.grad.any()


def test_adapters_are_added_and_loaded_without_a_warning(
    encoder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = adapted(CharBertForTokenClassification.from_pretrained(encoder), save=AdapterFormat.adapters)
        save_finetuned(model, tmp_path / "saved")
        caplog.clear()
        CharBertForTokenClassification.from_pretrained(tmp_path / "saved")
    assert "MISSING" not in caplog.text  # the head comes with the adapters


def test_a_relative_path_to_the_model_starts_at_the_folder_of_the_adapters(
    encoder: Path, batch: dict[str, Tensor], tmp_path: Path
) -> None:
    model = adapted(CharBertForTokenClassification.from_pretrained(encoder), save=AdapterFormat.adapters)
    save_finetuned(model, tmp_path / "models" / "tagger")
    shutil.copytree(encoder, tmp_path / "models" / "base")
    path = tmp_path / "models/tagger/adapters/adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model_name_or_path": "../base"}))
    loaded = CharBertForTokenClassification.from_pretrained(tmp_path / "models/tagger")
    assert_near(loaded(**batch).logits, model(**batch).logits)


@pytest.mark.parametrize("dtype", ["auto", "float32", "bfloat16", torch.float16])
def test_adapters_load_in_the_precision_and_with_the_settings_asked_for(
    dtype: str | torch.dtype, encoder: Path, batch: dict[str, Tensor], tmp_path: Path
) -> None:
    model = adapted(CharBertForTokenClassification.from_pretrained(encoder), save=AdapterFormat.adapters)
    save_finetuned(model, tmp_path)
    for loader in (CharBertForTokenClassification, AutoModelForTokenClassification):
        loaded = loader.from_pretrained(tmp_path, dtype=dtype, output_hidden_states=True)
        assert str(loaded.dtype).endswith("float32" if dtype == "auto" else str(dtype).rpartition(".")[2])
        assert loaded(**batch).hidden_states is not None


@pytest.mark.parametrize("loader", [CharBertForTokenClassification, AutoModelForTokenClassification])
def test_adapters_load_from_a_subfolder_and_to_the_device_asked_for(
    loader: Any, encoder: Path, batch: dict[str, Tensor], tmp_path: Path
) -> None:
    model = adapted(CharBertForTokenClassification.from_pretrained(encoder), save=AdapterFormat.adapters)
    save_finetuned(model, tmp_path / "models/tagger")
    loaded = loader.from_pretrained(tmp_path / "models", subfolder="tagger", device_map="cpu")
    assert_near(loaded(**batch).logits, model(**batch).logits)
    one = loader.from_pretrained(tmp_path / "models/tagger", device_map="auto")
    assert one.device == (torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu"))
    for one in ("meta", torch.device("meta"), {"": "meta"}):  # a device that every machine has
        assert loader.from_pretrained(tmp_path / "models/tagger", device_map=one).device.type == "meta"


@pytest.mark.parametrize(
    "options",
    [{"device_map": "balanced"}, {"device_map": {"charbert": 0, "head": 1}}, {"quantization_config": {}}],
)
def test_adapters_are_not_divided_among_devices_or_quantized(
    options: dict[str, Any], encoder: Path, tmp_path: Path
) -> None:
    model = CharBertForTokenClassification.from_pretrained(encoder)
    save_finetuned(adapted(model, save=AdapterFormat.adapters), tmp_path / "saved")
    with pytest.raises(SettingsError, match=r"saved: a model saved as adapters is loaded whole, to one device"):
        CharBertForTokenClassification.from_pretrained(tmp_path / "saved", **options)


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_adapters_of_a_plain_trunk_belong_to_its_own_checkpoint(
    family: str, trunk_config: Callable[..., PreTrainedConfig], batch: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    AutoModel.from_config(trunk_config(family)).save_pretrained(tmp_path / "trunk")
    plain = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    model = CharBertForSequenceClassification.from_trunk(tmp_path / "trunk", num_labels=3, **plain)
    model = adapted(model, save=AdapterFormat.adapters)
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    save_finetuned(model, tmp_path / "saved")
    loaded = CharBertForSequenceClassification.from_pretrained(tmp_path / "saved")
    assert_near(loaded(**inputs).logits, model(**inputs).logits)
    address = json.loads((tmp_path / "saved/adapters/adapter_config.json").read_text())["base_model_name_or_path"]
    assert Path(address) == tmp_path / "trunk"


def test_adapters_whose_model_is_gone_are_refused_with_its_place(encoder: Path, tmp_path: Path) -> None:
    model = CharBertForTokenClassification.from_pretrained(encoder)
    save_finetuned(adapted(model, save=AdapterFormat.adapters), tmp_path / "saved")
    encoder.rename(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match=f"belong to the model at {encoder}"):
        CharBertForTokenClassification.from_pretrained(tmp_path / "saved")


def test_adapters_of_another_head_are_refused(encoder: Path, tmp_path: Path) -> None:
    model = CharBertForTokenClassification.from_pretrained(encoder)
    save_finetuned(adapted(model, save=AdapterFormat.adapters), tmp_path / "saved")
    with pytest.raises(CheckpointError, match=r"CharBertForSequenceClassification, got those of .*TokenClass"):
        CharBertForSequenceClassification.from_pretrained(tmp_path / "saved")


def test_another_number_of_labels_is_refused_with_what_to_do(encoder: Path, tmp_path: Path) -> None:
    model = CharBertForTokenClassification.from_pretrained(encoder, num_labels=3)
    save_finetuned(adapted(model, save=AdapterFormat.adapters), tmp_path / "saved")
    message = r"other shapes: 2 \(classifier.weight \(3, 32\) instead of \(5, 32\), .*charbert encoder"
    with pytest.raises(CheckpointError, match=message):
        AutoModelForTokenClassification.from_pretrained(tmp_path / "saved", num_labels=5)


def test_adapters_are_not_saved_without_a_model_to_return_to(make_config: MakeConfig) -> None:
    with pytest.raises(SettingsError, match=r"save=merged"):
        add_adapters(CharBertForTokenClassification(make_config()), LoraSettings(save=AdapterFormat.adapters))


def test_adapters_that_are_not_whole_are_refused(encoder: Path, tmp_path: Path) -> None:
    model = CharBertForTokenClassification.from_pretrained(encoder)
    save_finetuned(adapted(model, save=AdapterFormat.adapters), tmp_path / "saved")
    path = tmp_path / "saved/adapters/adapter_model.safetensors"
    whole = load_file(path)
    for lacking in ("classifier", "lora_B"):
        name = next(name for name in whole if lacking in name)
        save_file({key: weight for key, weight in whole.items() if key != name}, path)
        with pytest.raises(CheckpointError, match=rf"adapters: expected .* all adapters, got none for 1 \({name}"):
            CharBertForTokenClassification.from_pretrained(tmp_path / "saved")
    about = json.loads((path.parent / "adapter_config.json").read_text()) | {"modules_to_save": None}
    (path.parent / "adapter_config.json").write_text(json.dumps(about))
    save_file({key: weight for key, weight in whole.items() if "classifier" not in key}, path)
    with pytest.raises(CheckpointError, match=r"none for 2 \(base_model\.model\.classifier\.bias, "):
        CharBertForTokenClassification.from_pretrained(tmp_path / "saved")
    save_file({key: weight * float("nan") for key, weight in whole.items()}, path)
    with pytest.raises(CheckpointError, match="expected finite weights"):
        CharBertForTokenClassification.from_pretrained(tmp_path / "saved")

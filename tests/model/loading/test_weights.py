"""A model that is not whole is refused wherever weights are loaded, with the names of what is wrong."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModel, AutoModelForMaskedLM, PreTrainedConfig

from charbert.errors import CheckpointError
from charbert.model import CharBertForPreTraining, CharBertForTokenClassification, CharBertModel
from charbert.model.loading.weights import check_memory
from charbert.model.word_recognizer.network import WordRecognizer, WordRecognizerConfig
from charbert.text.char_vocab import CharVocab
from tests.model.conftest import TRUNKS

Weights = dict[str, Tensor]
Change = Callable[[Weights], Weights]


def rewrite(folder: Path, change: Change) -> None:
    """Write the weights of a folder again, changed."""
    path = folder / "model.safetensors"
    weights = {name: weight.clone().contiguous() for name, weight in change(load_file(path)).items()}
    save_file(weights, path, metadata={"format": "pt"})


def prefixed(weights: Weights) -> Weights:
    return {f"module.{name}": weight for name, weight in weights.items()}


def without(part: str) -> Change:
    return lambda weights: {name: weight for name, weight in weights.items() if part not in name}


def with_nan(weights: Weights) -> Weights:
    next(iter(weights.values())).view(-1)[3] = float("nan")
    return weights


@pytest.fixture
def encoder(trunk_config: Callable[..., PreTrainedConfig], tmp_path: Path) -> Path:
    """The folder of an encoder with a char channel."""
    characters = CharVocab.build(["ships"], size=8).to_dict()
    model = CharBertModel.from_trunk(trunk_config("bert"), char_vocab=characters, char_embedding_size=4)
    model.save_pretrained(tmp_path / "encoder")
    return tmp_path / "encoder"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda weights: {"unrelated": torch.zeros(2)}, r"got none for \d+ \("),
        (without("interactions.1."), r"none for \d+ \(\S*interactions\.1\.char_in\.bias, .*\.\.\.\)"),
        (prefixed, r"none for \d+ .* but \d+ \(module\.\S*"),
        (with_nan, r"expected finite weights, got NaN or infinity in 1 \(\S+\)"),
        (
            lambda weights: weights | {"char_encoder.embedding.weight": torch.zeros(9, 4)},
            r"other shapes: 1 \(\S*char_encoder\.embedding\.weight \(9, 4\) instead of \(8, 4\)\)",
        ),
    ],
)
@pytest.mark.parametrize("load", [CharBertModel, AutoModel, CharBertForTokenClassification])
def test_an_encoder_that_is_not_whole_is_refused(encoder: Path, load: Any, change: Change, expected: str) -> None:
    rewrite(encoder, change)
    with pytest.raises(CheckpointError, match=rf"encoder/model\.safetensors: .*{expected}"):
        load.from_pretrained(encoder)


def test_a_new_head_explains_what_is_missing(encoder: Path) -> None:
    whole = CharBertModel.from_pretrained(encoder)
    tagger, report = CharBertForTokenClassification.from_pretrained(encoder, output_loading_info=True)
    assert set(report["missing_keys"]) == {"classifier.weight", "classifier.bias"}
    assert all(torch.equal(w, tagger.charbert.state_dict()[name]) for name, w in whole.state_dict().items())


def test_half_a_head_is_not_a_new_one(encoder: Path, tmp_path: Path) -> None:
    CharBertForTokenClassification.from_pretrained(encoder).save_pretrained(tmp_path / "tagger")
    rewrite(tmp_path / "tagger", without("classifier.bias"))
    with pytest.raises(CheckpointError, match=r"none for 1 \(classifier\.bias\)"):
        CharBertForTokenClassification.from_pretrained(tmp_path / "tagger")


@pytest.mark.parametrize("kind", TRUNKS)
@pytest.mark.parametrize("saved_as", [AutoModel, AutoModelForMaskedLM])
def test_a_trunk_of_which_more_than_pooler_or_head_is_missing_is_refused(
    kind: str, saved_as: Any, trunk_config: Callable[..., PreTrainedConfig], tmp_path: Path
) -> None:
    saved_as.from_config(trunk_config(kind)).save_pretrained(tmp_path)
    whole = load_file(tmp_path / "model.safetensors")
    last_layer = next(name for name in whole if "1.attention" in name or "layers.1." in name or "ffn." in name)
    plain = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    for model_class in (CharBertModel, CharBertForPreTraining):
        rewrite(tmp_path, lambda _: whole)
        model_class.from_trunk(tmp_path, **plain)
        for change, expected in ((without(last_layer), "none for 1 "), (prefixed, r"but \d+ \(module\.")):
            rewrite(tmp_path, lambda _, change=change: change(whole))
            with pytest.raises(CheckpointError, match=rf"model\.safetensors: .*{expected}"):
                model_class.from_trunk(tmp_path, **plain)


def test_a_word_recognizer_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    characters = CharVocab.build(["ships"], size=8).to_dict()
    WordRecognizer(WordRecognizerConfig(words=["a"], char_vocab=characters)).save_pretrained(tmp_path)
    assert WordRecognizer.from_pretrained(tmp_path).config.words == ["a"]
    rewrite(tmp_path, without("classifier.bias"))
    with pytest.raises(CheckpointError, match=r"none for 1 \(classifier\.bias\)"):
        WordRecognizer.from_pretrained(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff" * 100, None])
def test_weights_that_cannot_be_read_are_refused_in_one_line(encoder: Path, damage: bytes | None) -> None:
    path = encoder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-9] if damage is None else damage)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: expected the weights of a model, got .") as error:
        CharBertModel.from_pretrained(encoder)
    assert "\n" not in str(error.value)
    path.unlink()
    with pytest.raises(CheckpointError, match=r"encoder: expected the weights of a model, got .*no file named"):
        CharBertModel.from_pretrained(encoder)


@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        pytest.param(
            {"attn_implementation": "flash_attention_2"},
            ImportError,
            "^FlashAttention2",
            marks=pytest.mark.skipif(find_spec("flash_attn") is not None, reason="the package is there"),
        ),
        ({"add_pooling_layer": False}, TypeError, "unexpected keyword argument 'add_pooling_layer'"),
    ],
)
def test_an_option_that_cannot_be_is_not_taken_for_damaged_weights(
    encoder: Path, option: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        CharBertModel.from_pretrained(encoder, **option)


def test_a_model_larger_than_its_files_is_refused_before_it_is_built(encoder: Path) -> None:
    model = CharBertModel.from_pretrained(encoder)
    model.config.trunk_config.vocab_size = 10_000_000  # 160 million weights; the file has 40 kB
    state = torch.get_rng_state()
    with pytest.raises(CheckpointError, match=r"expected a model of at most as many weights .*, got one of 160\d+"):
        check_memory(lambda: CharBertModel(model.config), encoder)
    assert torch.equal(state, torch.get_rng_state())  # initial weights drawn later stay the same

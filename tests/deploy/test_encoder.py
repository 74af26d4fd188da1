import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, BertConfig

from charbert.deploy.command import main
from charbert.deploy.encoder import save_encoder
from charbert.errors import CheckpointError
from charbert.model import CharBertForPreTraining, CharBertModel
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}


@pytest.fixture
def pretrained(tmp_path: Path, tagger: Path, char_vocab: CharVocab) -> Path:
    """A model with both heads of pretraining, and its processor."""
    processor = CharBertTokenizer.from_pretrained(tagger)
    torch.manual_seed(0)
    trunk = BertConfig(vocab_size=len(processor), **SIZES)
    settings = {"char_vocab": char_vocab.to_dict(), "char_embedding_size": 8, "nlm_vocab_size": 7}
    model = CharBertForPreTraining.from_trunk(trunk, **settings)
    model.save_pretrained(tmp_path / "pretrained")
    processor.save_pretrained(tmp_path / "pretrained")
    return tmp_path / "pretrained"


def test_the_encoder_is_passed_on_without_heads_and_answers_nearly_alike(pretrained: Path, tmp_path: Path) -> None:
    size = save_encoder(pretrained, tmp_path / "passed_on")
    weights = load_file(tmp_path / "passed_on/model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    assert not [name for name in weights if "head" in name]
    assert size == sum(path.stat().st_size for path in (tmp_path / "passed_on").iterdir())
    whole = CharBertModel.from_pretrained(pretrained).eval()
    halved = AutoModel.from_pretrained(tmp_path / "passed_on", dtype=torch.float32).eval()
    batch = CharBertTokenizer.from_pretrained(tmp_path / "passed_on")(["a tiny text"], return_tensors="pt")
    with torch.no_grad():
        expected, halved_output = whole(**batch), halved(**batch)
    assert torch.allclose(halved_output.char_states, expected.char_states, atol=0.02)
    assert not torch.equal(halved_output.char_states, expected.char_states)  # 16 bits are not 32


def test_the_command_writes_full_precision_where_it_is_asked_to(
    pretrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["encoder", str(pretrained), str(tmp_path / "full"), "--full"]) == 0
    assert capsys.readouterr().err.endswith("MB\n")
    saved, whole = load_file(tmp_path / "full/model.safetensors"), CharBertModel.from_pretrained(pretrained)
    assert all(torch.equal(weight, saved[name]) for name, weight in whole.state_dict().items())


def test_a_weight_that_does_not_fit_is_refused_and_nothing_is_written(pretrained: Path, tmp_path: Path) -> None:
    model = CharBertModel.from_pretrained(pretrained)
    with torch.no_grad():
        next(model.parameters())[0, 0] = 1e6
    model.save_pretrained(pretrained)
    with pytest.raises(CheckpointError, match=r"got 1e\+06 in "):
        save_encoder(pretrained, tmp_path / "passed_on")
    assert not (tmp_path / "passed_on").exists()


def test_a_folder_without_the_weights_of_an_encoder_is_refused(tagger: Path, tmp_path: Path) -> None:
    weights = load_file(tagger / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "interactions" not in name}
    damaged = shutil.copytree(tagger, tmp_path / "damaged")
    save_file(kept, damaged / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"got none for .*interactions"):
        save_encoder(damaged, tmp_path / "passed_on")


@pytest.mark.parametrize("command", [("encoder",), ("export",), ("export", "--int8"), ("publish",)])
def test_a_command_deletes_nothing_that_it_has_not_written(
    command: tuple[str, ...],
    tagger: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = shutil.copytree(tagger, tmp_path / "run" / "model")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    for source in (model, tmp_path / "run"):
        for target in (model, tmp_path / "run", tmp_path, "mine", "mine/notes", ".", "..", ""):
            assert main([command[0], str(source), str(target), *command[1:]]) == 2
            assert capsys.readouterr().err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before

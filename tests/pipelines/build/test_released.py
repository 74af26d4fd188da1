"""Fine-tuning from a checkpoint in the authors' format: a tiny one, made here."""

import string
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig

from charbert.config.schema import Settings
from charbert.data.collate import PadCollator
from charbert.deploy.onnx.export import export_model
from charbert.deploy.predict.predictor import Predictor
from charbert.deploy.predict.usage import write_usage
from charbert.errors import CheckpointError, SettingsError
from charbert.model import CharBertConfig, CharBertForPreTraining, CharBertForTokenClassification
from charbert.model.released.processor import load_released_processor
from charbert.model.released.weights import load_released_encoder
from charbert.model.tokenization import CharBertTokenizer
from charbert.pipelines.train import finetune
from charbert.runs.run import finetuning_run, pretraining_run
from charbert.tasks.head import Usage
from tests.released_checkpoints import save_released
from tests.tolerance import assert_near

Composed = Callable[..., Settings]
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SIGNS = string.ascii_letters + string.digits + string.punctuation
CHARACTERS = (" ", *SIGNS[:60], "<unk>")
SHORT = ("finetuning.max_steps=3", "finetuning.max_length=48")


def save_checkpoint(folder: Path, *, characters: int = len(CHARACTERS)) -> None:
    """Write a tiny released BERT with its vocabulary, whose subwords are single characters."""
    subwords = [*SPECIALS, *SIGNS, *(f"##{sign}" for sign in SIGNS)]
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    trunk = AutoConfig.for_model("bert", vocab_size=len(subwords), max_position_embeddings=64, **sizes)
    config = CharBertConfig(
        trunk_config=trunk, variant="released", char_vocab_size=characters, char_embedding_size=8, nlm_vocab_size=7
    )
    torch.manual_seed(0)
    save_released(CharBertForPreTraining(config), folder)
    (folder / "vocab.txt").write_text("\n".join(subwords) + "\n", encoding="utf-8")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "checkpoint")
    (tmp_path / "characters").write_text("\n".join(CHARACTERS) + "\n", encoding="utf-8")
    return tmp_path / "checkpoint"


@pytest.fixture
def released(checkpoint: Path, composed: Composed) -> Composed:
    def compose_settings(*overrides: str, folder: Path = checkpoint) -> Settings:
        files = (f"model.released={folder}", f"model.released_char_vocab={checkpoint.parent / 'characters'}")
        return composed("recipe=smoke", "model=charbert_released", "tracking=off", *files, *SHORT, *overrides)

    return compose_settings


@pytest.mark.parametrize("task", ["ner", "qnli", "squad2"])
def test_the_released_encoder_is_fine_tuned_and_attacked(released: Composed, task: str) -> None:
    settings = released(f"task={task}")
    record = finetune.run(settings)
    assert {f"eval/{task}/{settings.task.metric}", f"attack/{task}/charbert/{settings.task.metric}"} <= (
        record.metrics.keys()
    )
    run = finetuning_run(settings)
    assert record.key == run.key
    saved = CharBertTokenizer.from_pretrained(run.model_folder)
    assert (saved.mode, saved.row_length) == ("released", 48)
    assert saved.tokenize("Ab") == ["A", "##b"]
    assert not list(Path(settings.paths.outputs).glob("trunk/*"))  # nothing is pretrained
    assert finetune.run(settings).finished == record.finished


@pytest.mark.slow
def test_a_model_on_the_authors_weights_answers_alike_when_it_is_exported(checkpoint: Path, tmp_path: Path) -> None:
    processor = load_released_processor(checkpoint, checkpoint.parent / "characters", "ner", row_length=48)
    assert processor.char_vocab is not None
    vocab = processor.char_vocab.to_dict()
    model = load_released_encoder(checkpoint, CharBertForTokenClassification, char_vocab=vocab, num_labels=5)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.mul_(1 if "norm" in name.lower() else 10)  # logits that tell words apart
    for saved in (model, processor):
        saved.save_pretrained(tmp_path / "model")
    write_usage(tmp_path / "model", Usage("token_classification", max_length=48))
    assert all(difference.spread > 0.1 for difference in export_model(tmp_path / "model", tmp_path / "onnx"))
    texts = ["Ab c", "A much longer text than that one, with a word (here)."]
    in_torch, exported = ([*map(asdict, Predictor.load(tmp_path / name).predict(texts))] for name in ("model", "onnx"))
    for one, other in zip(in_torch, exported, strict=True):
        assert len({span["type"] for span in one["spans"]}) > 1 or len(one["spans"]) < 3
        assert [span.pop("score") for span in one["spans"]] == pytest.approx(
            [span.pop("score") for span in other["spans"]], abs=1e-4
        )
        assert one == other


def test_the_weights_and_not_their_folder_identify_the_run(
    released: Composed, checkpoint: Path, tmp_path: Path
) -> None:
    key = finetuning_run(released()).key
    moved = tmp_path / "elsewhere"
    checkpoint.rename(moved)
    assert finetuning_run(released(folder=moved)).key == key
    weights = torch.load(moved / "pytorch_model.bin", weights_only=True)
    weights["bert.encoder.word_norm.bias"] += 1
    torch.save(weights, moved / "pytorch_model.bin")
    assert finetuning_run(released(folder=moved)).key != key


def test_models_without_released_weights_keep_their_key(composed: Composed) -> None:
    settings = composed("recipe=minilm", "model=charbert")
    other = composed("recipe=minilm", "model=charbert", "model.released_char_vocab=unused")
    assert pretraining_run(settings).key == pretraining_run(other).key


def test_a_missing_checkpoint_is_named_with_what_to_do(released: Composed, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"model.released=.*empty: expected config.json .* download"):
        finetune.run(released(folder=tmp_path / "empty"))
    with pytest.raises(CheckpointError, match=r"model.released_char_vocab=.*nothing: no such file"):
        finetune.run(released(f"model.released_char_vocab={tmp_path / 'nothing'}"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "vocab.txt").unlink(), "expected vocab.txt"),
        (lambda folder: (folder / "vocab.txt").write_text("\n".join(SPECIALS)), "has .* subwords|have .* subwords"),
        (lambda folder: save_checkpoint(folder, characters=9), "char_vocab_size=9"),
        (lambda folder: torch.save({"encoder.weight": torch.ones(2)}, folder / "pytorch_model.bin"), "not a released"),
    ],
)
def test_a_wrong_checkpoint_gives_one_clear_error(
    released: Composed, checkpoint: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(checkpoint)
    with pytest.raises((CheckpointError, SettingsError), match=message) as error:
        finetune.run(released())
    assert "\n" not in str(error.value)


def test_settings_that_the_weights_do_not_have_are_refused(released: Composed) -> None:
    with pytest.raises(SettingsError, match=r"model.released needs model.interaction=released, got paper"):
        released("model.interaction=paper")
    with pytest.raises(SettingsError, match=r"model.released needs model.objective=none, got mlm"):
        released("model.objective=mlm")
    with pytest.raises(SettingsError, match=r"model.released needs model.released_char_vocab"):
        released("model.released_char_vocab=''")


@pytest.mark.parametrize("script", ["ner", "glue", "squad"])
def test_rows_collated_to_their_length_are_those_of_the_script(checkpoint: Path, script: str) -> None:
    characters = checkpoint.parent / "characters"
    texts = ["Ab c#", "a somewhat longer text", "x"]
    rows = load_released_processor(checkpoint, characters, script, row_length=30)
    encoding = rows(texts)
    batch = PadCollator(rows.pad_values, rows.row_length)(
        [{name: values[at] for name, values in encoding.items()} for at in range(len(texts))]
    )
    whole = load_released_processor(checkpoint, characters, script)
    expected = whole(texts, padding="max_length", max_length=30, truncation=True, return_tensors="np")
    for name, values in expected.items():
        np.testing.assert_array_equal(batch[name].numpy(), values, err_msg=name)


def test_a_score_does_not_depend_on_the_batch(checkpoint: Path) -> None:
    from charbert.model import CharBertModel

    processor = load_released_processor(checkpoint, checkpoint.parent / "characters", "ner", row_length=24)
    assert processor.char_vocab is not None
    model = load_released_encoder(checkpoint, CharBertModel, char_vocab=processor.char_vocab.to_dict()).eval()
    texts = ["short", "a rather long text"]
    collate = PadCollator(processor.pad_values, processor.row_length)

    def states(*chosen: str) -> torch.Tensor:
        encoding = processor(list(chosen))
        rows = [{name: values[at] for name, values in encoding.items()} for at in range(len(chosen))]
        with torch.inference_mode():
            return model(**collate(rows)).char_states[0]

    assert_near(states(texts[0]), states(*texts))


def test_a_roberta_checkpoint_is_read_with_its_own_tokenizer(bpe_tokenizer, tmp_path: Path) -> None:
    bpe_tokenizer.backend_tokenizer.model.save(str(tmp_path))
    (tmp_path / "characters").write_text("\n".join((" ", "Ġ", "a", "<unk>")) + "\n", encoding="utf-8")
    processor = load_released_processor(tmp_path, tmp_path / "characters", "ner")
    words = ["Nobody", "remembered"]
    ours = processor(words, is_split_into_words=True)["input_ids"]
    assert ours == bpe_tokenizer(words, is_split_into_words=True)["input_ids"]

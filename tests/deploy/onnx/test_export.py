"""Exported models give the logits of PyTorch at any shape, and run without it; others are refused."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig

from charbert.deploy.onnx import export
from charbert.deploy.onnx.export import copy_side_files, export_model, load_model
from charbert.deploy.onnx.model import ONNX_FILE, OnnxModel, read_export
from charbert.deploy.onnx.parity import SHAPES, TRACED, Difference, Probe, runs_in_onnx, runs_in_torch
from charbert.deploy.onnx.tracing import output_names, trace
from charbert.deploy.predict.side_files import load_processor
from charbert.deploy.predict.usage import read_usage
from charbert.errors import CheckpointError, DataError
from charbert.model import CharBertConfig, CharBertForPreTraining, CharBertForSequenceClassification
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules
from tests.in_process import run_script
from tests.tolerance import assert_near

UNSEEN = ((1, 1), (5, 23), (2, 40))
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = sys.modules["transformers"] = None
import numpy as np
from charbert.deploy.onnx.model import OnnxModel
arrays = np.load(sys.argv[2])
logits = OnnxModel(sys.argv[1], threads=1)(arrays)
np.save(sys.argv[3], np.stack(logits) if isinstance(logits, tuple) else logits)
"""


def differences(source: Path, target: Path) -> list[Difference]:
    model, exported = load_model(source), OnnxModel(target, threads=1)
    probe = Probe(model.config, exported.input_names, exported.output_names)
    return probe.compare(runs_in_torch(model, exported.output_names), runs_in_onnx(exported), UNSEEN)


def test_a_tagger_answers_as_in_torch_at_shapes_that_it_was_not_traced_at(tagger: Path, exported_tagger: Path) -> None:
    assert TRACED not in SHAPES + UNSEEN
    assert all(difference.is_rounding for difference in differences(tagger, exported_tagger))
    report = read_export(exported_tagger)
    assert report["inputs"] == list(OnnxModel(exported_tagger).input_names)
    for parity in report["parity"]:
        assert parity["largest"] <= report["tolerance"] * max(1, parity["magnitude"])


def test_the_allowed_difference_grows_with_the_logits() -> None:
    small = Difference(1, 19, largest=1.26e-4, mean=1e-5, spread=0.3, agreement=1.0, magnitude=0.9)
    assert not small.is_rounding
    assert replace(small, magnitude=14.0).is_rounding
    assert not replace(small, magnitude=14.0, largest=2e-3).is_rounding
    assert not replace(small, magnitude=math.nan).is_rounding
    assert not replace(small, magnitude=14.0, largest=math.inf).is_rounding


@pytest.mark.slow
def test_a_model_with_large_logits_is_exported(tagger: Path, tmp_path: Path) -> None:
    model = load_model(tagger)
    with torch.no_grad():
        model.classifier.weight *= 1000
    model.save_pretrained(tmp_path / "large")
    CharBertTokenizer.from_pretrained(tagger).save_pretrained(tmp_path / "large")
    written = export_model(tmp_path / "large", tmp_path / "onnx")
    assert max(difference.largest for difference in written) > 1e-4
    assert min(difference.agreement for difference in written) == 1


def test_the_folder_is_enough_to_go_from_text_to_logits(tagger: Path, exported_tagger: Path) -> None:
    texts = ["Nobody in Kraków remembered.", "Keep the keys, keep the kettle, and keep counting the counters."]
    features = CharBertTokenizer.from_pretrained(exported_tagger)(texts, padding=True, return_tensors="np")
    with torch.inference_mode():
        wanted = load_model(tagger)(**{name: torch.from_numpy(rows) for name, rows in features.items()}).logits.numpy()
    seen = features["attention_mask"] == 1
    assert_near(OnnxModel(exported_tagger)(features)[seen], wanted[seen])
    assert AutoConfig.from_pretrained(exported_tagger).id2label == AutoConfig.from_pretrained(tagger).id2label


def test_padding_changes_no_answer(exported_tagger: Path) -> None:
    processor, model = CharBertTokenizer.from_pretrained(exported_tagger), OnnxModel(exported_tagger, threads=1)
    short, long = "Malmö", "She didn't answer; her well-known smile was answer enough."
    alone = model(processor([short], return_tensors="np"))[0]
    beside = model(processor([short, long], padding=True, return_tensors="np"))[0]
    assert_near(beside[: len(alone)], alone)


@pytest.mark.slow
def test_a_reader_runs_where_there_is_neither_torch_nor_transformers(
    reader: Path, tmp_path: Path, run_python: Callable[..., object]
) -> None:
    export_model(reader, tmp_path / "onnx")
    processor = CharBertTokenizer.from_pretrained(tmp_path / "onnx")
    features = processor("Who answered?", "Nobody in Kraków answered.", return_tensors="np")
    np.savez(tmp_path / "features.npz", **features)
    run_python(
        "-c", WITHOUT_TORCH, str(tmp_path / "onnx"), str(tmp_path / "features.npz"), str(tmp_path / "logits.npy")
    )
    with torch.inference_mode():
        output = load_model(reader)(**{name: torch.from_numpy(rows) for name, rows in features.items()})
    starts, ends = np.load(tmp_path / "logits.npy")
    assert_near(starts, output.start_logits.numpy())
    assert_near(ends, output.end_logits.numpy())


@pytest.mark.slow
def test_a_plain_classifier_answers_as_in_torch(save_model: Callable[..., Path], tmp_path: Path) -> None:
    source = save_model("sequence_classification", chars=False)
    export_model(source, tmp_path / "onnx")
    assert all(difference.is_rounding for difference in differences(source, tmp_path / "onnx"))
    assert OnnxModel(tmp_path / "onnx").input_names == ("input_ids", "attention_mask", "token_type_ids")


def tiny(kind: str, **settings: object) -> CharBertConfig:
    common = {"vocab_size": 40, "max_position_embeddings": 48, "pad_token_id": 0, "initializer_range": 0.3}
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    if kind == "distilbert":
        sizes = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16}
    trunk = AutoConfig.for_model(kind, **common, **sizes)
    characters = {"characters": ["[PAD]", "[SEP]", "[SPECIAL]", "[UNK]", *"abcdefgh"], "pad_id": 0}
    return CharBertConfig(trunk_config=trunk, char_vocab=characters, char_embedding_size=8, **settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "head", "settings"),
    [
        ("distilbert", CharBertForSequenceClassification, {"variant": "released"}),
        ("roberta", CharBertForPreTraining, {"char_encoder": "none", "nlm_channel": "token", "nlm_vocab_size": 20}),
        ("bert", CharBertForSequenceClassification, {"char_encoder": "none", "word_shapes": True}),
        (
            "modernbert",
            CharBertForPreTraining,
            {"char_encoder": "embeddings", "mlm_objective": False, "nlm_vocab_size": 20},
        ),
    ],
)
def test_trunks_char_encoders_and_pretraining_heads_are_exported_alike(
    kind: str, head: type, settings: dict[str, object], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    model = head(tiny(kind, **settings)).eval()
    more: tuple[str, ...] = ("char_input_ids", "start_ids", "end_ids") if model.config.has_char_channel else ()
    if model.config.word_shapes:
        more = ("shape_ids",)
        torch.nn.init.normal_(model.base_model.shape_embedding.weight)
    probe = Probe(model.config, ("input_ids", "attention_mask", *more), output_names(model))
    trace(model, probe.features(*TRACED, seed=0)).save(str(tmp_path / ONNX_FILE))
    exported = OnnxModel(tmp_path)
    assert exported.output_names == probe.outputs
    seen = probe.compare(runs_in_torch(model, probe.outputs), runs_in_onnx(exported), UNSEEN)
    assert all(difference.is_rounding for difference in seen)
    assert all(difference.spread > 0.01 for difference in seen)  # otherwise the logits are constant


def test_a_graph_that_differs_is_refused_and_writes_nothing(
    tagger: Path, exported_tagger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Before:
        """The graph as it was before the weights changed."""

        def save(self, path: str) -> None:
            shutil.copyfile(exported_tagger / ONNX_FILE, path)

    monkeypatch.setattr(export, "trace", lambda _model, _example: Before())
    export_model(tagger, tmp_path / "same")
    model = load_model(tagger)
    with torch.no_grad():
        model.base_model.char_encoder.gru.weight_hh_l0_reverse[0, 0] += 0.5
    model.save_pretrained(tmp_path / "changed")
    CharBertTokenizer.from_pretrained(tagger).save_pretrained(tmp_path / "changed")
    with pytest.raises(CheckpointError, match=r"expected logits within .* of PyTorch, got .* nothing was"):
        export_model(tmp_path / "changed", tmp_path / "onnx")
    assert {path.name for path in tmp_path.iterdir()} == {"same", "changed"}


def test_a_model_without_a_head_is_refused_by_name(tagger: Path, tmp_path: Path) -> None:
    load_model(tagger).base_model.save_pretrained(tmp_path / "encoder")
    with pytest.raises(CheckpointError, match=r"expected a model with a head .* got CharBertModel"):
        export_model(tmp_path / "encoder", tmp_path / "onnx")
    assert not (tmp_path / "onnx").exists()


def test_a_missing_field_and_a_missing_graph_are_named(exported_tagger: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the batch has no char_input_ids, start_ids, end_ids"):
        OnnxModel(exported_tagger)(
            {name: np.ones((1, 2)) for name in ("input_ids", "attention_mask", "token_type_ids")}
        )
    with pytest.raises(CheckpointError, match="expected an exported model, got no such file"):
        OnnxModel(tmp_path)
    (tmp_path / ONNX_FILE).write_bytes(b"not a graph")
    with pytest.raises(CheckpointError, match="export it again"):
        OnnxModel(tmp_path)


@pytest.mark.slow
def test_the_command_exports_a_run_that_then_predicts(tagger: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "int8")
    done = run_script("-m", "charbert", "export", str(tagger.parent), target, "--int8", cwd=tmp_path)
    assert done.returncode == 0 and "of their standard deviation" in done.stderr
    (tmp_path / "news.txt").write_text("Nobody in Malmö remembered.\n", encoding="utf-8")
    done = run_script("-m", "charbert", "predict", target, "news.txt", "--quiet", cwd=tmp_path)
    assert json.loads(done.stdout)["text"] == "Nobody in Malmö remembered."
    refused = run_script("-m", "charbert", "export", str(tmp_path), str(tmp_path / "no"), cwd=tmp_path)
    assert refused.returncode == 2 and "expected the folder of a fine-tuned model" in refused.stderr
    assert not (tmp_path / "no").exists()


def test_the_corrector_of_a_model_is_among_its_side_files(save_model, tmp_path: Path) -> None:
    source = save_model("sequence_classification", corrected=True)
    DictionaryCorrector({"ships": 3}, DictionaryRules()).save(source)
    copy_side_files(source, tmp_path)
    _, corrector = load_processor(tmp_path, read_usage(tmp_path, load_model(source).config))
    assert corrector is not None
    assert corrector.correct_many([["Sihps"]]) == [["Ships"]]

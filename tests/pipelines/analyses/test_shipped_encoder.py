"""The encoder that comes with the repository is whole, small, and what its card says."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from transformers import AutoModel

from charbert.config.schema import Settings
from charbert.model import CharBertModel
from charbert.pipelines.analyses import catalog
from charbert.pipelines.train.pretrain import load_encoder

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "models" / "charbert-minilm"


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_it_is_whole_in_half_precision_and_at_most_50_mb_in_all() -> None:
    assert {weight.dtype for weight in load_file(FOLDER / "model.safetensors").values()} == {torch.float16}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 50e6
    model, report = AutoModel.from_pretrained(FOLDER, dtype=torch.float32, output_loading_info=True)
    assert isinstance(model, CharBertModel)
    assert not report["missing_keys"] and not report["unexpected_keys"]


def test_the_recipe_fine_tunes_it_where_the_model_is_a_pretrained_one(composed: Callable[..., Settings]) -> None:
    model, processor = load_encoder(composed("recipe=minilm", "model=charbert_pretrained"))
    assert model.config.share_interaction
    with torch.no_grad():
        output = model.eval()(**processor(["A mispelt sentense."], return_tensors="pt"))
    assert torch.isfinite(output.char_states).all()
    assert output.char_states.shape == output.token_states.shape


@pytest.mark.slow
def test_typos_move_its_states_as_far_as_its_card_says(composed: Callable[..., Settings]) -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    (command,) = re.findall(r"^python experiments/fig5_sensitivity\.py (.*)$", card, re.MULTILINE)
    (stated,) = re.findall(r"^\| CharBERT-MiniLM \| ([\d.]+) \|", card, re.MULTILINE)
    settings = composed("tracking=off", *(option for option in shlex.split(command) if option != "hydra.mode=RUN"))
    (record,) = catalog.SENSITIVITY.run(settings)
    measured = record.metrics["sensitivity/ner/concat/all_words"]
    assert 100 * measured == pytest.approx(float(stated), abs=0.02)


def test_the_metadata_of_its_card_has_the_scores_of_its_table() -> None:
    card = ModelCard.load(FOLDER / "README.md")  # whose table is drawn from the records
    ((original, attacked),) = re.findall(r"^\| CharBERT-M \| ([\d.]+)\S* \| ([\d.]+)\S* \|$", card.text, re.MULTILINE)
    stated = {result.dataset_config: result.metric_value for result in card.data.eval_results}
    assert stated == {"original": float(original), "attacked": float(attacked)}
    assert (card.data.license, card.data.language, card.data.datasets) == ("apache-2.0", "en", ["wikipedia"])

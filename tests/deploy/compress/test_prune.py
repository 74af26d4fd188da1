"""Pruning sets exactly the share asked for to zero, the smallest first, and nothing else."""

from pathlib import Path

import pytest
import torch

from charbert.deploy.compress.prune import prunable_weights, prune_model, pruned, sparsity
from charbert.deploy.onnx.export import load_model
from charbert.errors import SettingsError


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("folder", ["tagger", "plain_tagger"])
def test_the_share_is_exact_and_over_all_matrices_together(
    folder: str, share: float, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = request.getfixturevalue(folder)
    measured = prune_model(source, tmp_path / "pruned", share)
    assert measured.zero == round(share * measured.prunable)
    assert sparsity(load_model(tmp_path / "pruned")) == measured
    before, after = load_model(source), load_model(tmp_path / "pruned")
    gone, kept = [], []
    for (weight, name), (pruned_weight, _) in zip(prunable_weights(before), prunable_weights(after), strict=True):
        zero = getattr(pruned_weight, name) == 0
        gone.append(getattr(weight, name)[zero].abs())
        kept.append(getattr(weight, name)[~zero].abs())
    assert torch.cat(gone).max() <= torch.cat(kept).min()


def test_embeddings_norms_biases_and_the_head_stay_as_they_are(tagger: Path, tmp_path: Path) -> None:
    prune_model(tagger, tmp_path / "pruned", 0.9)
    before, after = load_model(tagger).state_dict(), load_model(tmp_path / "pruned").state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"charbert.char_encoder.gru.weight_hh_l0", "charbert.interactions.0.mix.weight"} <= changed
    assert not [name for name in changed if "embedding" in name or "norm" in name.lower() or "bias" in name]
    assert not [name for name in changed if name.startswith("classifier")]


def test_training_cannot_bring_a_pruned_weight_back(tagger: Path) -> None:
    model = load_model(tagger).train()
    with pruned(model, 0.5):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        ids = torch.randint(5, 20, (2, 6))
        chars = {"char_input_ids": torch.randint(4, 20, (2, 12)), "start_ids": ids % 12, "end_ids": ids % 12}
        before = model.charbert.char_encoder.gru.weight_ih_l0.detach().clone()
        for _ in range(2):
            model(ids, **chars, labels=torch.ones_like(ids)).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    measured = sparsity(model)
    assert measured.zero == round(0.5 * measured.prunable)
    assert not torch.equal(model.charbert.char_encoder.gru.weight_ih_l0, before)
    assert not [name for name in model.state_dict() if name.endswith(("_mask", "_orig"))]


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_share_out_of_range_is_refused(tagger: Path, tmp_path: Path, share: float) -> None:
    with pytest.raises(SettingsError, match="must be in \\(0, 1\\)"):
        prune_model(tagger, tmp_path / "pruned", share)
    assert not (tmp_path / "pruned").exists()

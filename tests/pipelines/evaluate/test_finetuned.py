from pathlib import Path

import pytest
import torch

from charbert.pipelines.evaluate import finetuned


@pytest.mark.parametrize(("available", "device"), [(True, "cuda"), (False, "cpu")])
def test_a_finetuned_model_computes_on_the_gpu_where_there_is_one(
    available: bool, device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(finetuned, "load_backend", lambda folder, device: (folder, device))
    assert finetuned.finetuned_backend(tmp_path) == (tmp_path, device)

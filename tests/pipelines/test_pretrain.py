from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.errors import CheckpointError
from charbert.pipelines.pretrain import load_tokenizer, model_overrides, prepare_encoder

Composed = Callable[..., Settings]


def test_a_trunk_that_does_not_load_is_named_with_what_to_do(composed: Composed, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"trunk=minilm.*trunk\.source=folder"):
        load_tokenizer(composed("recipe=minilm"), str(tmp_path / "nothing"))


def test_a_plain_trunk_has_no_channel_to_read_or_restore_from(composed: Composed) -> None:
    class Plain:
        char_vocab = None

    overrides = model_overrides(composed("model=nlm_bert"), Plain())  # type: ignore[arg-type]
    assert (overrides["char_encoder"], overrides["head_channels"], overrides["nlm_channel"]) == (
        "none",
        "token",
        "token",
    )


def test_a_model_without_objective_is_not_pretrained(composed: Composed) -> None:
    assert prepare_encoder(composed("model=bert")) is None
    assert prepare_encoder(composed("model=charbert_unpretrained")) is None

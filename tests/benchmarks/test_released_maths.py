import pytest
import torch

from charbert.benchmarks.steps import OURS, RELEASED, build_model, make_batch
from charbert.config.bench import BenchSettings, ShapeSettings
from tests.tolerance import assert_near

SHAPE = ShapeSettings(hidden_size=16, layers=2, heads=2, batch_size=2, length=24)
BENCH = BenchSettings(subwords=50, words=40, base=SHAPE)

NAMES = {
    "charbert.trunk.embeddings.word_embeddings": "embeddings.word",
    "charbert.trunk.embeddings.position_embeddings": "embeddings.position",
    "charbert.trunk.embeddings.token_type_embeddings": "embeddings.segment",
    "charbert.trunk.embeddings.LayerNorm": "embeddings.norm",
    "charbert.trunk.encoder.layer": "layers",
    ".attention.self.": ".",
    ".attention.output.dense": ".output",
    ".attention.output.LayerNorm": ".first_norm",
    ".intermediate.dense": ".grow",
    ".output.dense": ".shrink",
    ".output.LayerNorm": ".second_norm",
    "charbert.char_encoder.embedding": "char_embedding",
    "charbert.char_encoder.gru": "gru",
    "charbert.interactions.0.mix": "fusion",
    "charbert.interactions.0.": "",
    "mlm_head.bias": "mlm.decoder.bias",
    "mlm_head.": "mlm.",
    "nlm_head.": "nlm.",
}


def renamed(name: str) -> str:
    for ours, theirs in NAMES.items():
        name = name.replace(ours, theirs)
    return name


@pytest.mark.parametrize("folded", [False, True])
def test_what_is_timed_computes_what_ours_computes(folded: bool) -> None:
    shape = SHAPE if not folded else ShapeSettings(hidden_size=16, layers=2, heads=2, batch_size=6, length=24)
    ours, released = (build_model(name, BENCH, shape, 0.0).double().train() for name in (OURS, RELEASED))
    weights = {renamed(name): weight for name, weight in ours.state_dict().items() if ".pooler." not in name}
    missing, unexpected = released.load_state_dict(weights, strict=False)
    assert (missing, [name for name in unexpected if "position_ids" not in name]) == ([], [])
    batch = make_batch(BENCH, shape)
    # The authors' GRU reads the padding up to six characters per subword.
    spare = 6 * shape.length - batch["char_input_ids"].shape[1]
    padded = torch.nn.functional.pad(batch["char_input_ids"], (0, spare))
    loss = ours(**{**batch, "char_input_ids": padded}).loss
    assert_near(loss.float(), released(**batch).float())


def test_spans_of_the_batch_lie_in_its_characters() -> None:
    batch = make_batch(BENCH, SHAPE)
    starts, ends = batch["start_ids"], batch["end_ids"]
    assert (starts <= ends).all() and (starts[:, 1:] > ends[:, :-1]).all()
    assert starts.min() == 0 and ends.max() < batch["char_input_ids"].shape[1]

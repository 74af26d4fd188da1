import pytest
import torch
from torch import Tensor, nn

from charbert.model.kernels.fast_gru import read_both_ways

VOCABULARY, EMBEDDED, HIDDEN, LENGTH, ROWS = 9, 5, 3, 11, 4


def read(gru: nn.GRU, embeddings: Tensor, ids: Tensor) -> Tensor:
    """Read characters, (B, C), with the weights of a Bi-GRU to (B, C, 2h)."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weight_ih, weight_hh, bias_ih, bias_hh = (
        torch.stack([getattr(gru, name), getattr(gru, f"{name}_reverse")]) for name in names
    )
    table = embeddings @ weight_ih.transpose(1, 2) + bias_ih[:, None]
    states = read_both_ways(torch.stack([ids.t(), ids.t().flip(0)]), table, weight_hh, bias_hh)
    return torch.cat([states[0], states[1].flip(0)], dim=-1).transpose(0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_states_and_gradients_are_those_of_the_built_in_gru(seed: int) -> None:
    torch.manual_seed(seed)
    gru, embedding = (
        nn.GRU(EMBEDDED, HIDDEN, bidirectional=True, batch_first=True).double(),
        nn.Embedding(VOCABULARY, EMBEDDED).double(),
    )
    ids = torch.randint(VOCABULARY, (ROWS, LENGTH))
    weights = torch.randn(ROWS, LENGTH, 2 * HIDDEN, dtype=torch.float64)
    leaves = [*gru.parameters(), embedding.weight]
    results = []
    for states in (read(gru, embedding.weight, ids), gru(embedding(ids))[0]):
        results.append((states, *torch.autograd.grad((states * weights).sum(), leaves)))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_without_a_graph_the_states_are_the_same() -> None:
    torch.manual_seed(0)
    gru, ids = nn.GRU(EMBEDDED, HIDDEN, bidirectional=True), torch.randint(VOCABULARY, (ROWS, LENGTH))
    embeddings = torch.randn(VOCABULARY, EMBEDDED)
    with torch.no_grad():
        states = read(gru, embeddings, ids)
    assert not states.requires_grad
    assert torch.equal(states, read(gru, embeddings, ids))

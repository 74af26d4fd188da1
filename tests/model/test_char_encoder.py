from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from charbert.errors import SettingsError
from charbert.model import CharBertConfig, CharBertModel
from charbert.model.char_encoder import (
    CharEncoder,
    CharGru,
    EmbeddingCharEncoder,
    ReleasedCharEncoder,
    build_char_encoder,
    char_lengths,
    gather_ends,
    mirror_positions,
)
from tests.tolerance import assert_near

LENGTHS = torch.tensor([6, 3, 1])


def copied_gru(gru: CharGru) -> nn.GRU:
    twin = nn.GRU(gru.input_size, gru.hidden_size, bidirectional=True, batch_first=True)
    twin.load_state_dict(gru.state_dict())
    return twin


@pytest.mark.parametrize("read", [CharGru.read_mirrored, CharGru.read_packed])
def test_each_row_is_read_as_if_it_were_alone(read: Callable[..., Tensor]) -> None:
    torch.manual_seed(0)
    gru = CharGru(5, 4)
    twin = copied_gru(gru)
    chars = torch.randn(3, 6, 5, requires_grad=True)
    mask = torch.arange(6) < LENGTHS[:, None]
    weights = torch.randn(3, 6, 8)
    states = read(gru, chars, LENGTHS)
    alone = torch.zeros(3, 6, 8)
    for row, length in enumerate(LENGTHS.tolist()):
        alone[row, :length] = twin(chars[row : row + 1, :length])[0][0]
    assert_near(states[mask], alone[mask])
    (states * weights)[mask].sum().backward()
    gradient, chars.grad = chars.grad.clone(), None
    (alone * weights)[mask].sum().backward()
    assert_near(gradient, chars.grad)
    for name, parameter in gru.named_parameters():
        assert_near(parameter.grad, twin.get_parameter(name).grad)


def test_a_mirrored_mirror_is_the_row_again() -> None:
    mirror = mirror_positions(LENGTHS, 6)
    assert mirror.tolist() == [[5, 4, 3, 2, 1, 0], [2, 1, 0, 3, 4, 5], [0, 1, 2, 3, 4, 5]]
    assert torch.equal(mirror.gather(1, mirror), torch.arange(6).expand(3, -1))


def test_length_counts_leading_characters_only() -> None:
    assert char_lengths(torch.tensor([[4, 5, 0, 6], [0, 0, 0, 0], [1, 2, 3, 4]]), pad_id=0).tolist() == [
        2,
        0,
        4,
    ]


def test_gather_equals_a_one_hot_product() -> None:
    torch.manual_seed(0)
    states, starts, ends = torch.randn(2, 7, 4), torch.randint(7, (2, 3)), torch.randint(7, (2, 3))
    products = [nn.functional.one_hot(ids, 7).float() @ states for ids in (starts, ends)]
    assert torch.equal(gather_ends(states, starts, ends), torch.cat(products, dim=-1))


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_looking_gates_up_gives_what_embedding_every_character_gives(
    variant: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    encoder = build_char_encoder(make_config(variant=variant))
    assert encoder is not None
    inputs = [batch[name] for name in ("char_input_ids", "start_ids", "end_ids")]
    results = []
    for observed in (False, True):  # a hook wants to see the embeddings, so they are made
        if observed:
            encoder.embedding.register_forward_hook(lambda *_: None)
        states = encoder(*inputs)
        gradients = torch.autograd.grad(states.square().sum(), list(encoder.parameters()))
        results.append((states, *gradients))
    for looked_up, embedded in zip(*results, strict=True):
        assert_near(looked_up, embedded)


def test_gradients_reach_every_character_of_the_row_and_no_other(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    encoder = CharEncoder(make_config())
    embedded: list[Tensor] = []
    encoder.embedding.register_forward_hook(lambda _m, _i, output: (output.retain_grad(), embedded.append(output))[1])
    states = encoder(batch["char_input_ids"], batch["start_ids"], batch["end_ids"])
    states[1, 2].sum().backward()
    reached = embedded[0].grad.abs().sum(-1).nonzero()
    assert reached[:, 0].unique().tolist() == [1]
    assert reached[:, 1].tolist() == list(range(15))  # the characters of five subwords, context included


def test_row_without_characters_does_not_break_the_batch(make_config: Callable[..., CharBertConfig]) -> None:
    ids = torch.zeros(2, 3, dtype=torch.long)
    states = CharEncoder(make_config())(torch.tensor([[0, 0, 0], [4, 5, 1]]), ids, ids)
    assert states.shape == (2, 3, 16)
    assert states.isfinite().all()
    assert CharGru(5, 4).read_packed(torch.randn(2, 3, 5), torch.tensor([0, 2])).isfinite().all()


def test_released_encoder_reads_padding_and_the_paper_one_does_not(
    make_config: Callable[..., CharBertConfig],
    batch: dict[str, Tensor],
    pad_batch: Callable[..., dict[str, Tensor]],
) -> None:
    torch.manual_seed(0)
    fields = ("char_input_ids", "start_ids", "end_ids")
    short, long = ([b[name] for name in fields] for b in (batch, pad_batch(batch, chars=5)))
    paper, released = CharEncoder(make_config()), ReleasedCharEncoder(make_config(variant="released"))
    nn.init.normal_(released.embedding.weight)
    assert_near(paper(*long), paper(*short))
    assert not torch.allclose(released(*long), released(*short), atol=1e-3)


def test_without_gru_a_subword_is_its_first_and_last_character(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    encoder = build_char_encoder(make_config(char_encoder="embeddings"))
    assert isinstance(encoder, EmbeddingCharEncoder)
    states = encoder(batch["char_input_ids"], batch["start_ids"], batch["end_ids"])
    first, last = batch["char_input_ids"][0, [3, 4]]
    expected = torch.cat([encoder.embedding.weight[first], encoder.embedding.weight[last]])
    assert torch.equal(states[0, 1], expected)


def test_none_builds_no_encoder(make_config: Callable[..., CharBertConfig]) -> None:
    assert build_char_encoder(make_config(char_encoder="none", nlm_vocab_size=0)) is None


@pytest.mark.parametrize("char_encoder", ["gru", "embeddings"])
def test_characters_begin_as_far_apart_as_asked(make_config: Callable[..., CharBertConfig], char_encoder: str) -> None:
    torch.manual_seed(0)
    narrow, wide = (
        CharBertModel(make_config(char_encoder=char_encoder, char_embedding_size=64, char_initializer_range=deviation))
        for deviation in (None, 2.0)
    )
    table = wide.char_encoder.embedding.weight
    assert not table[0].any()  # the padding
    assert table[1:].std().item() == pytest.approx(2.0, rel=0.2)
    assert narrow.char_encoder.embedding.weight[1:].std().item() == pytest.approx(0.3, rel=0.2)
    with pytest.raises(SettingsError, match="char_initializer_range must be positive"):
        make_config(char_initializer_range=0.0)

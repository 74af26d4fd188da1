"""Attributions add up to the difference they explain, and what cannot be read adds nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig

from charbert.analysis.attributions import Explainer, attention_maps
from charbert.analysis.questions import ask
from charbert.analysis.targets import choose_targets
from charbert.errors import DataError, SettingsError
from charbert.model import (
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab

PLAIN = {"char_encoder": "none", "interaction": "none"}
WORDS = ["Nobody", "in", "Kraków", "painted", "the", "door"]
TEXT = "She didn't answer; her smile was answer enough."

Make = Callable[..., tuple[Any, CharBertTokenizer]]


@pytest.fixture
def make(wordpiece_tokenizer, char_vocab: CharVocab) -> Make:
    """Return a maker of tiny models with a head, and of their processors."""

    def make_model(head: type, **settings: Any) -> tuple[Any, CharBertTokenizer]:
        chars = settings.get("char_encoder") != "none"
        torch.manual_seed(0)
        trunk = BertConfig(
            vocab_size=len(wordpiece_tokenizer),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=24,
            initializer_range=0.3,
        )
        extra = {"char_vocab": char_vocab.to_dict(), "char_embedding_size": 8} if chars else {}
        model = head.from_trunk(trunk, attn_implementation="eager", **(extra | settings))
        torch.nn.init.normal_(model.classifier.weight)
        return model.eval(), CharBertTokenizer(wordpiece_tokenizer, char_vocab if chars else None)

    return make_model


@pytest.mark.parametrize(
    ("head", "first", "second", "settings"),
    [
        (CharBertForTokenClassification, WORDS, None, {"num_labels": 3}),
        (CharBertForTokenClassification, WORDS, None, PLAIN | {"num_labels": 3}),
        (CharBertForSequenceClassification, TEXT, "Was it?", {"num_labels": 2, "char_encoder": "embeddings"}),
        (CharBertForQuestionAnswering, "Was it her smile?", TEXT, {}),
    ],
)
@pytest.mark.parametrize("baseline", ["mask", None])
def test_attributions_add_up_to_the_difference_of_the_outputs(
    make: Make, head: type, first: Any, second: str | None, settings: dict[str, Any], baseline: str | None
) -> None:
    model, processor = make(head, **settings)
    question = ask(processor, first, second, max_length=64)
    baseline_id = None if baseline is None else processor.mask_token_id
    explainer = Explainer(model, baseline_id=baseline_id, steps=16, tolerance=0.02)
    for target in choose_targets(model, question, first, most=1):
        attribution = explainer.attribute(question, target.title, target.output)
        with torch.no_grad():
            assert attribution.output == pytest.approx(float(target.output(model(**question.batch))), rel=1e-4)
        assert abs(attribution.output - attribution.baseline_output) > 0.05  # else there is nothing to add up to
        assert attribution.total == pytest.approx(attribution.output - attribution.baseline_output, rel=0.02)
        assert attribution.is_complete
        special = [place for place, piece in enumerate(question.pieces) if piece.word is None]
        assert not attribution.subwords[special].any()
        if attribution.characters is not None:
            letters = question.known_characters(len(attribution.characters))[0].numpy()
            assert not attribution.characters[~letters].any() and attribution.characters[letters].any()


@pytest.mark.parametrize("channel", ["token", "char"])
def test_what_the_head_cannot_read_adds_nothing(make: Make, channel: str) -> None:
    model, processor = make(CharBertForTokenClassification, num_labels=3, interaction="none", head_channels=channel)
    question = ask(processor, WORDS, max_length=64)
    (target,) = choose_targets(model, question, WORDS, word=2)
    attribution = Explainer(model, baseline_id=None, steps=8).attribute(question, target.title, target.output)
    assert attribution.characters is not None
    assert np.abs(attribution.subwords).max() > 0.01 if channel == "token" else not attribution.subwords.any()
    assert np.abs(attribution.characters).max() > 0.01 if channel == "char" else not attribution.characters.any()


def test_too_few_points_are_doubled_and_what_stays_incomplete_says_so(make: Make) -> None:
    model, processor = make(CharBertForTokenClassification, num_labels=3)
    question = ask(processor, WORDS, max_length=64)
    (target,) = choose_targets(model, question, WORDS, word=0)
    explainer = Explainer(model, baseline_id=None, steps=1, max_steps=1, tolerance=1e-4)
    many = Explainer(model, baseline_id=None, steps=1, max_steps=512, tolerance=1e-3)
    first, last = (each.attribute(question, target.title, target.output) for each in (explainer, many))
    assert (first.steps, first.is_complete) == (1, False)
    assert last.is_complete and last.steps > 1


def test_attention_of_each_channel_is_a_distribution_over_subwords(make: Make) -> None:
    for settings, channels in (({}, ["token channel", "char channel"]), (PLAIN, ["token channel"])):
        model, processor = make(CharBertForTokenClassification, num_labels=3, **settings)
        question = ask(processor, WORDS, max_length=64)
        maps = attention_maps(model, question)
        assert list(maps) == channels
        for values in maps.values():
            assert values.shape == (2, 2, len(question.pieces), len(question.pieces))
            np.testing.assert_allclose(values.sum(-1), 1.0, rtol=1e-5)


def test_letters_stand_below_the_subword_that_they_are_of(make: Make) -> None:
    _, processor = make(CharBertForTokenClassification, num_labels=3)
    question = ask(processor, ["Nobody", "in", "Kraków"], max_length=64)
    words = ["".join("".join(p.characters) for p in question.pieces if p.word == word) for word in range(3)]
    assert words == ["Nobody", "in", "Kraków"]
    vocab, row = processor.char_vocab, question.batch["char_input_ids"][0].tolist()
    assert vocab is not None
    for piece in question.pieces:
        for place, letter in enumerate(piece.characters):
            assert row[piece.first + place] in (vocab.encode(letter)[0], vocab.unk_id)


def test_a_text_without_words_is_refused_and_one_that_is_too_long_is_cut(make: Make) -> None:
    _, processor = make(CharBertForTokenClassification, num_labels=3)
    with pytest.raises(DataError, match="has no words"):
        ask(processor, " ", max_length=64)
    whole, cut = (ask(processor, WORDS, max_length=length) for length in (64, 6))
    assert (whole.is_cut, cut.is_cut, len(cut.pieces)) == (False, True, 6)
    assert cut.pieces[:5] == whole.pieces[:5]
    pair = ask(processor, "Was it?", TEXT, max_length=12)
    assert pair.is_cut and len(pair.pieces) == 12 and 1 in pair.sequences
    with pytest.raises(DataError, match="the first text fills all"):
        ask(processor, TEXT, "Was it?", max_length=8)


def test_a_label_and_a_word_can_be_chosen_and_unknown_ones_are_refused(make: Make) -> None:
    model, processor = make(CharBertForTokenClassification, num_labels=3)
    model.config.id2label = {0: "O", 1: "B-LOC", 2: "B-PER"}
    question = ask(processor, WORDS, max_length=64)
    (target,) = choose_targets(model, question, WORDS, word=2, label="B-LOC")
    assert target.title == "B-LOC of Kraków"
    output = model(**question.batch)
    assert target.output(output)[0] == output.logits[0, question.word_positions[2], 1]
    with pytest.raises(SettingsError, match=r"explain.label must be one of O, B-LOC, B-PER, got X"):
        choose_targets(model, question, WORDS, label="X")
    with pytest.raises(SettingsError, match=r"explain.word must be one of the words 0 to 5 that the model sees, got 6"):
        choose_targets(model, question, WORDS, word=6)


def test_an_answer_lies_in_the_context(make: Make) -> None:
    model, processor = make(CharBertForQuestionAnswering)
    question = ask(processor, "Was it her smile?", TEXT, max_length=64)
    start, end = choose_targets(model, question)
    output = model(**question.batch)
    places = [
        int((logits[0] == target.output(output)[0]).nonzero()[0])
        for target, logits in ((start, output.start_logits), (end, output.end_logits))
    ]
    assert places[0] <= places[1]
    assert all(question.sequences[place] == 1 for place in places)

"""Losses of hidden words against those that the model itself computes from labels."""

import math

import numpy as np
import pytest
import torch
from transformers import BertConfig, PreTrainedTokenizerFast

from charbert.baselines.ngram_language_model import NgramLanguageModel
from charbert.config.calibration import MaskedUnit
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.evaluation.perplexity import (
    Hidden,
    MaskedLanguageScorer,
    WordedText,
    WordLosses,
    attack_texts,
    cut_words,
    ngram_losses,
    noisy_word_scores,
    perplexity,
    seen_whole,
    word_of_subwords,
)
from charbert.model import CharBertForPreTraining
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import Attack
from charbert.text.char_vocab import CharVocab

TEXTS = [cut_words("The old lighthouse keeper counted ships."), cut_words("Nobody answered; coffee!")]
WORDS = WordVocab(["the", "old", "keeper", "ships", "coffee", "."])


def built(tokenizer: PreTrainedTokenizerFast, vocabulary: CharVocab | None) -> tuple:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    kind = (
        {"char_vocab": vocabulary.to_dict(), "char_embedding_size": 8}
        if vocabulary
        else {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    )
    trunk = BertConfig(vocab_size=len(tokenizer), **sizes)
    model = CharBertForPreTraining.from_trunk(trunk, **kind, nlm_vocab_size=len(WORDS))
    torch.nn.init.normal_(model.mlm_head.bias)  # else all subwords are about as likely
    return model.eval(), CharBertTokenizer(tokenizer, vocabulary)


@pytest.fixture(params=["both channels", "plain trunk"])
def asked(request: pytest.FixtureRequest, wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> tuple:
    return built(wordpiece_tokenizer, char_vocab if request.param == "both channels" else None)


def scorer(asked: tuple, unit: MaskedUnit = MaskedUnit.word, batch_size: int = 3, max_length: int = 64):
    return MaskedLanguageScorer(*asked, max_length=max_length, unit=unit, batch_size=batch_size)


@torch.no_grad()
def loss_by_hand(asked: tuple, text: WordedText, positions: list[int]) -> float:
    """Return the loss of the subwords at ``positions``, hidden together, as pretraining would."""
    model, processor = asked
    encoding = processor([text.text], return_tensors="pt")
    labels = torch.full_like(encoding["input_ids"], -100)
    labels[0, positions] = encoding["input_ids"][0, positions]
    fields = dict(encoding)
    if processor.char_vocab is not None:
        fields |= processor.hide_subwords(encoding, labels != -100)
    fields["input_ids"] = encoding["input_ids"].clone()
    fields["input_ids"][0, positions] = processor.mask_token_id
    return float(model(**fields, mlm_labels=labels).mlm_loss) * len(positions)


def test_a_words_loss_is_that_of_its_subwords_hidden_together(asked: tuple) -> None:
    for text in TEXTS:
        words, _ = word_of_subwords(asked[1], text, 64)
        expected = [
            loss_by_hand(asked, text, np.flatnonzero(words == word).tolist()) for word in range(len(text.spans))
        ]
        assert scorer(asked).losses(text).losses == pytest.approx(expected, rel=1e-4)


def test_subwords_hidden_one_by_one_add_up_to_their_word(asked: tuple) -> None:
    words, _ = word_of_subwords(asked[1], TEXTS[0], 64)
    expected = np.zeros(len(TEXTS[0].spans))
    for position in np.flatnonzero(words >= 0):
        expected[words[position]] += loss_by_hand(asked, TEXTS[0], [int(position)])
    losses = scorer(asked, MaskedUnit.subword).losses(TEXTS[0])
    assert losses.losses == pytest.approx(expected, rel=1e-4)
    assert losses.subwords.sum() == (words >= 0).sum() > len(TEXTS[0].spans)


def test_the_batch_size_does_not_matter(asked: tuple) -> None:
    alone, many = (scorer(asked, batch_size=size).losses(TEXTS[0]).losses for size in (1, 50))
    assert alone == pytest.approx(many, rel=1e-4)


def test_a_word_that_was_cut_is_not_scored_in_any_eval_set(asked: tuple) -> None:
    whole, cut = (scorer(asked, max_length=length).losses(TEXTS[0]) for length in (64, 8))
    assert not np.isnan(whole.losses).any()
    assert np.isnan(cut.losses).any() and not np.isnan(cut.losses[0])
    kept = seen_whole([[whole], [cut]])
    assert kept[0].tolist() == (~np.isnan(cut.losses)).tolist()


def test_perplexity_by_hand() -> None:
    losses = [WordLosses(np.log([2.0, 8.0, np.nan]), np.array([1, 3, 2])), WordLosses(np.log([4.0]), np.array([2]))]
    kept = [np.array([True, True, False]), np.array([True])]
    assert perplexity(losses, kept, of="word") == pytest.approx(math.exp(math.log(64) / 3))
    assert perplexity(losses, kept, of="subword") == pytest.approx(math.exp(math.log(64) / 6))
    assert perplexity(losses, [np.zeros(3, bool), np.zeros(1, bool)], of="word") is None


def test_an_attack_keeps_the_number_of_words() -> None:
    noisy = attack_texts(TEXTS, Attack(), seed=1)
    assert [len(text.words) for text in noisy] == [len(text.words) for text in TEXTS]
    assert noisy[0].words[:2] == ["The", "old"] and noisy[0].words[2] != "lighthouse"
    assert attack_texts(TEXTS, Attack(), seed=1) == noisy


def test_ngrams_are_scored_on_the_same_subwords(asked: tuple) -> None:
    processor = asked[1]
    ids = [processor(text.text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    model = NgramLanguageModel(ids, 2, len(processor))
    scored = ngram_losses(model, processor, TEXTS, 64)
    for text, losses in zip(ids, scored, strict=True):
        assert losses.losses.sum() == pytest.approx(-model.log_probabilities(text).sum())
        assert losses.subwords.sum() == len(text)


@torch.no_grad()
def test_nlm_is_asked_for_the_original_at_the_first_subword(asked: tuple) -> None:
    model, processor = asked
    noisy = attack_texts(TEXTS, Attack(), seed=1)
    changed = [
        np.array([a != b for a, b in zip(clean_text.words, noisy_text.words, strict=True)])
        for clean_text, noisy_text in zip(TEXTS, noisy, strict=True)
    ]
    options = {"max_length": 64, "batch_size": 2}
    scored = noisy_word_scores(model, processor, WORDS, noisy, TEXTS, changed, **options)
    losses, right = [], 0
    for text, original, kept in zip(noisy, TEXTS, changed, strict=True):
        words, _ = word_of_subwords(processor, text, 64)
        logits = model(**processor([text.text], return_tensors="pt")).nlm_logits[0]
        for word in np.flatnonzero(kept):
            row = logits[np.flatnonzero(words == word)[0]].log_softmax(-1)
            target = int(WORDS.encode([original.words[word]])[0])
            losses.append(-float(row[target]))
            right += int(row.argmax()) == target
    assert scored.count == len(losses) == sum(kept.sum() for kept in changed) > 0
    assert scored.perplexity == pytest.approx(math.exp(np.mean(losses)), rel=1e-4)
    assert scored.correct == right
    nothing = noisy_word_scores(model, processor, WORDS, noisy, TEXTS, [kept & False for kept in changed], **options)
    assert nothing.perplexity is None and nothing.accuracy is None


@pytest.mark.parametrize("hidden", Hidden)
@torch.no_grad()
def test_hidden_subwords_of_noised_words_are_not_read(
    hidden: Hidden, wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    model, processor = built(wordpiece_tokenizer, char_vocab)
    for weights in model.parameters():
        if weights.ndim > 1:  # as drawn by the library they are so small that nothing shows
            torch.nn.init.normal_(weights, std=0.3)
    original, noisy = cut_words("The old keeper sang."), cut_words("The old zqzq sang.")
    kept = np.array([word == "zqzq" for word in noisy.words])

    def losses() -> list[float]:
        common = (model, processor, WORDS, [noisy], [original], [kept])
        return [noisy_word_scores(*common, max_length=64, batch_size=2, hidden=view).loss for view in (None, hidden)]

    seen, unseen = losses()
    if hidden is Hidden.subwords:
        ids = processor("zqzq", add_special_tokens=False)["input_ids"]
        assert not set(ids) & set(processor("The old sang.", add_special_tokens=False)["input_ids"])
        model.get_input_embeddings().weight[ids] *= -1.0
    else:
        model.charbert.char_encoder.embedding.weight[char_vocab.encode("zq")] *= -1.0
    seen_after, unseen_after = losses()
    assert seen_after != pytest.approx(seen, rel=1e-5)
    assert unseen_after == pytest.approx(unseen, rel=1e-6)

"""Correctors that ask heads whose answers are known, and the scores of a head against those of its model."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, PreTrainedTokenizerFast

from charbert.data.pretraining.word_vocab import WordVocab
from charbert.errors import CharBertError, CheckpointError, SettingsError
from charbert.evaluation.nlm_correction import NlmCorrector, NoisyWordScorer
from charbert.model import CharBertForPreTraining
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab

COUNTS = {"the": 5000, "keeper": 90, "counted": 80, "ships": 70, "shops": 70, "seven": 60, "london": 50, "in": 900}
WORDS = WordVocab([*COUNTS, "harbor"])


class Head:
    """Answers with the given probabilities, and with ``other`` for all other words; it remembers what it was asked."""

    def __init__(self, other: float = 1e-4, **probabilities: float) -> None:
        self.vocabulary = WORDS
        self.asked: list[tuple[str, list[str]]] = []
        self._probabilities, self._other = probabilities, other

    def __call__(self, sentences, candidates):
        for words, each in zip(sentences, candidates, strict=True):
            self.asked += [(word, list(some)) for word, some in zip(words, each, strict=True) if some]
        return [
            [np.log([self._probabilities.get(word, self._other) for word in some]) for some in each]
            for each in candidates
        ]


def test_the_head_chooses_among_near_words_and_keeps_the_case() -> None:
    sentence = ["The", "shpps", "in", "LONDNO", "!"]
    for word in ("ships", "shops"):
        head = Head(london=0.5, **{word: 0.5})
        corrected = NlmCorrector(head, 0.5).correct_many([sentence, []])
        assert corrected == [["The", word, "in", "LONDON", "!"], []]
    assert head.asked == [("shpps", ["shpps", "ships", "shops"]), ("LONDNO", ["londno", "london"])]


def test_words_of_the_vocabulary_and_forms_that_are_near_none_stay() -> None:
    head = Head(ships=0.9, counted=0.9)
    assert NlmCorrector(head, 0.5).correct_many([["shops", "xyzzy", "co-unted", "7", "harbor"]])[0][:2] == [
        "shops",
        "xyzzy",
    ]
    assert head.asked == []


def test_a_higher_threshold_changes_fewer_words() -> None:
    head = Head(ships=0.6, shpps=0.3, shops=0.1)
    changed = [NlmCorrector(head, threshold).correct_many([["shpps"]]) == [["ships"]] for threshold in (0, 0.59, 0.61)]
    assert changed == [True, True, False]
    for wrong in (-0.1, 1.0, math.nan):
        with pytest.raises(SettingsError, match="threshold"):
            NlmCorrector(head, wrong)


def saved(folder: Path, tokenizer: PreTrainedTokenizerFast, vocabulary: CharVocab | None) -> Path:
    torch.manual_seed(0)
    kind = (
        {"char_vocab": vocabulary.to_dict(), "char_embedding_size": 8}
        if vocabulary
        else {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    )
    trunk = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=48,
    )
    model = CharBertForPreTraining.from_trunk(trunk, **kind, nlm_vocab_size=len(WORDS))
    torch.nn.init.normal_(model.nlm_head.decoder.weight)
    model.save_pretrained(folder)
    CharBertTokenizer(tokenizer, vocabulary).save_pretrained(folder)
    WORDS.save(folder / "word_vocab.json")
    return folder


@pytest.mark.parametrize("channels", ["both", "token"])
def test_scores_are_the_log_probabilities_of_the_model_at_first_subwords(
    tmp_path: Path, wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab, channels: str
) -> None:
    folder = saved(tmp_path, wordpiece_tokenizer, char_vocab if channels == "both" else None)
    scorer = NoisyWordScorer.load(folder, batch_size=2)
    sentences = [["Lighthouse", "kepeer", "saw", "ships"], ["nobody"], ["a"] * 70]
    asked = [[["harbor", "zzz"], ["keeper"], [], ["ships"]], [[]], [[]] * 69 + [["the", "in"]]]
    scores = scorer(sentences, asked)
    assert [[len(each) for each in row] for row in scores] == [[len(words) for words in row] for row in asked]
    processor, model = CharBertTokenizer.from_pretrained(folder), CharBertForPreTraining.from_pretrained(folder).eval()
    encoding = processor([sentences[0]], is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        expected = model(**encoding).nlm_logits[0].log_softmax(-1)
    first = encoding.word_ids(0).index
    ids = {word: WORDS.words.index(word) for word in ("harbor", "keeper", "ships")}
    torch.testing.assert_close(
        torch.from_numpy(np.concatenate(scores[0])).float(),
        torch.stack(
            [
                expected[first(0), ids["harbor"]],
                expected[first(0), WORDS.unk_id],
                expected[first(1), ids["keeper"]],
                expected[first(3), ids["ships"]],
            ]
        ),
        rtol=1e-4,
        atol=1e-4,
    )
    assert np.isfinite(scores[2][69]).all() and (scores[2][69] < 0).all()


def test_a_sentence_is_corrected_alike_alone_and_with_others(
    tmp_path: Path, wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    corrector = NlmCorrector(NoisyWordScorer.load(saved(tmp_path, wordpiece_tokenizer, char_vocab), batch_size=2), 0.2)
    sentences = [["The", "shpps"], ["keper", "counted", "sevn", "shpps", "in", "Lodnon"], [], ["sheps"]]
    together = corrector.correct_many(sentences)
    assert together == [corrector.correct_many([words])[0] for words in sentences]
    assert together != sentences


def test_a_head_of_other_words_is_refused(
    tmp_path: Path, wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    folder = saved(tmp_path, wordpiece_tokenizer, char_vocab)
    WordVocab(["one"]).save(folder / "word_vocab.json")
    with pytest.raises(CheckpointError, match=r"over the 2 words of word_vocab\.json, got one over 10"):
        NoisyWordScorer.load(folder)
    (folder / "word_vocab.json").write_text("{")
    with pytest.raises(CharBertError, match=r"word_vocab\.json"):
        NoisyWordScorer.load(folder)

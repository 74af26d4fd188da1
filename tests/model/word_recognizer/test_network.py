from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from charbert.config.data.noise import TRAINING_EDITS
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.data.word_recognition import WordRecognitionDataset, collate_words, frequent_words
from charbert.errors import CheckpointError, SettingsError
from charbert.model.word_recognizer.correction import RECOGNIZER_FOLDER, WordCorrector, recognize_words
from charbert.model.word_recognizer.network import WordRecognizer, WordRecognizerConfig
from charbert.noise.attack import Attack, attack_sentences
from charbert.noise.nlm import NlmNoise
from charbert.text.char_vocab import CharVocab

SENTENCES = [
    ["The", "old", "lighthouse", "keeper", "counted", "seven", "ships", "before", "breakfast", "."],
    ["Nobody", "in", "Krakow", "remembered", "who", "had", "painted", "the", "kitchen", "door", "green", "!"],
    ["She", "never", "answered", ";", "her", "famous", "smile", "was", "answer", "enough", "."],
    ["The", "ferry", "to", "the", "island", "cost", "twelve", "francs", "."],
    ["Several", "visitors", "won", "on", "Tuesday", "before", "breakfast"],
]
VOCAB = CharVocab.build([" ".join(words).lower() for words in SENTENCES], size=60)
OUTSIDE = "quizzically"


def tiny(words: list[str], seed: int = 0) -> WordRecognizer:
    torch.manual_seed(seed)
    return WordRecognizer(WordRecognizerConfig(words=words, char_vocab=VOCAB.to_dict(), hidden_size=16))


@pytest.fixture(scope="module")
def trained() -> WordRecognizer:
    """A recognizer of all words but "island", after some steps on noised sentences."""
    words = WordVocab([word for word in frequent_words(SENTENCES, 100).words[:-1] if word != "island"])
    model = tiny(list(words.words[:-1]))
    data = WordRecognitionDataset(SENTENCES, NlmNoise(1.0, TRAINING_EDITS, 3), words, VOCAB, seed=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(120):
        data.set_epoch(step)
        loss = model(**collate_words([data[index] for index in range(len(data))])).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@pytest.fixture(scope="module")
def attacked() -> list[list[str]]:
    return [corruption.words for corruption in attack_sentences(SENTENCES, Attack(), 7)]


def test_a_trained_recognizer_makes_fewer_errors_than_passing_words_through(
    trained: WordRecognizer, attacked: list[list[str]]
) -> None:
    corrected = WordCorrector(trained).correct_many(attacked)
    words, *others = (
        np.array([word.lower() for words in side for word in words]) for side in (SENTENCES, corrected, attacked)
    )
    wrong, passed_through = ((words != other).sum() for other in others)
    assert wrong < 0.5 * passed_through


def test_swaps_of_inner_characters_are_invisible(trained: WordRecognizer) -> None:
    swapped = ["".join([w[0], *reversed(w[1:-1]), w[-1]]) if len(w) > 2 else w for w in SENTENCES[0]]
    assert swapped != SENTENCES[0]
    corrector = WordCorrector(trained)
    known = recognize_words(trained, [SENTENCES[0]])[0]
    assert None not in known
    assert corrector.correct_many([swapped])[0] == corrector.correct_many([SENTENCES[0]])[0]


def test_the_number_of_words_is_kept(trained: WordRecognizer) -> None:
    sentences = [[OUTSIDE, "x", "日本", "…", "don't"], [], ["The"], SENTENCES[0] * 30]
    for keep_case in (True, False):
        corrected = WordCorrector(trained, keep_case=keep_case).correct_many(sentences)
        assert [len(words) for words in corrected] == [len(words) for words in sentences]


@pytest.mark.parametrize("max_batch_words", [1, 17, 10000])
def test_batching_changes_nothing(trained: WordRecognizer, attacked: list[list[str]], max_batch_words: int) -> None:
    corrector = WordCorrector(trained, max_batch_words=max_batch_words)
    assert corrector.correct_many(attacked) == [corrector.correct_many([words])[0] for words in attacked]


def test_padding_changes_no_score(trained: WordRecognizer) -> None:
    data = WordRecognitionDataset(SENTENCES, NlmNoise(1.0), WordVocab(trained.config.words), VOCAB, seed=1)
    alone = trained(**collate_words([data[3]])).logits
    padded = trained(**collate_words([data[3], data[1]])).logits
    torch.testing.assert_close(padded[0, : alone.shape[1]], alone[0])


def unsure(word: str) -> WordRecognizer:
    """A recognizer that takes every word for an unknown one but knows ``word``."""
    model = tiny([word])
    torch.nn.init.zeros_(model.classifier.weight)
    model.classifier.bias.data = torch.tensor([0.0, 1.0])
    return model


def sure(word: str) -> WordRecognizer:
    """A recognizer that takes every word for ``word``."""
    model = unsure(word)
    model.classifier.bias.data = torch.tensor([1.0, 0.0])
    return model


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"backoff": "pass_through"}, ["Krkaow", "ISLAND", "ferry"]),
        ({"backoff": "pass_through", "keep_case": False}, ["krkaow", "island", "ferry"]),
        ({"backoff": "neutral", "keep_case": False}, ["a", "a", "a"]),
        ({"backoff": "background", "background": sure("smile")}, ["Smile", "SMILE", "smile"]),
        ({"backoff": "background", "background": unsure("smile")}, ["Krkaow", "ISLAND", "ferry"]),
    ],
)
def test_the_backoff_decides_where_no_word_is_known(options: dict, expected: list[str]) -> None:
    assert WordCorrector(unsure("x"), **options).correct_many([["Krkaow", "ISLAND", "ferry"]]) == [expected]


def test_the_background_is_not_asked_where_a_word_is_known() -> None:
    corrector = WordCorrector(sure("known"), backoff="background", background=sure("other"))
    assert corrector.correct_many([["knwon"]])[0] == ["known"]


@pytest.mark.parametrize("options", [{"backoff": "guess"}, {"backoff": "background"}, {"background": "b"}])
def test_a_backoff_that_does_not_fit_is_refused(options: dict) -> None:
    if "background" in options:
        options = {"background": sure("b")}
    with pytest.raises(SettingsError, match=r"recognizer\.backoff"):
        WordCorrector(sure("a"), **options)


def test_an_empty_word_stays_empty() -> None:
    given = [["", "a", "", "ba"], [""], []]
    assert WordCorrector(sure("known")).correct_many(given) == [["", "known", "", "known"], [""], []]


def test_saving_and_loading_changes_nothing(trained: WordRecognizer, attacked: list[list[str]], tmp_path: Path) -> None:
    trained.save_pretrained(tmp_path)
    for loaded in (WordRecognizer.from_pretrained(tmp_path), AutoModel.from_pretrained(tmp_path)):
        assert isinstance(loaded, WordRecognizer)
        assert loaded.config.words == trained.config.words
        assert recognize_words(loaded.eval(), attacked) == recognize_words(trained, attacked)


@pytest.mark.parametrize("options", [{"words": []}, {"char_vocab": None}])
def test_bad_sizes_are_refused(options: dict) -> None:
    with pytest.raises(SettingsError, match="word recognizer"):
        WordRecognizer(WordRecognizerConfig(**{"words": ["a"], "char_vocab": VOCAB.to_dict()} | options))


def test_a_corrector_read_back_corrects_the_same(
    trained: WordRecognizer, attacked: list[list[str]], tmp_path: Path
) -> None:
    corrector = WordCorrector(trained, backoff="background", background=sure("other"), keep_case=False)
    corrector.save(tmp_path)
    assert WordCorrector.load(tmp_path).correct_many(attacked) == corrector.correct_many(attacked)


def test_a_damaged_corrector_is_refused_in_one_line(trained: WordRecognizer, tmp_path: Path) -> None:
    WordCorrector(trained).save(tmp_path)
    (tmp_path / RECOGNIZER_FOLDER / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"word_recognizer: expected a word recognizer, got") as refused:
        WordCorrector.load(tmp_path)
    assert "\n" not in str(refused.value)

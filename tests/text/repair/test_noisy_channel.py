import itertools
import math
import time
from collections import Counter

import pytest

from charbert.noise.attack import Attack
from charbert.seeding import numpy_generator
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules, SpellingDictionary
from charbert.text.repair.noisy_channel import LetterTrigrams, NoisyChannel, log_odds
from charbert.text.repair.word_pairs import WordPairs, count_pairs

WORDS = [
    "the",
    "lighthouse",
    "keeper",
    "counted",
    "seven",
    "ships",
    "before",
    "the",
    "morning",
    "mist",
    "came",
    "over",
    "the",
    "harbor",
    "and",
    "every",
    "captain",
    "waited",
    "outside",
    "until",
    "someone",
    "could",
    "finally",
    "signal",
    "that",
    "the",
    "narrow",
    "channel",
    "was",
    "open",
    "again",
]
COUNTS = {word: 400 * count for word, count in Counter(WORDS).items()} | {"haror": 60, "keper": 1}


def channel(**rules: float) -> NoisyChannel:
    return NoisyChannel(SpellingDictionary(COUNTS, DictionaryRules(estimates_noise=True, **rules)))  # type: ignore[arg-type]


def attacked(probability: float, seed: int = 0) -> list[str]:
    attack = Attack(letters="lower", probability=probability)
    return attack.corrupt(WORDS, numpy_generator(seed, "attack")).words


def noise_rate(subject: NoisyChannel, text: list[str]) -> float:
    subject.correct_many([text])
    return subject._rate([[form] for form in text])


def test_the_estimated_noise_rate_follows_the_share_of_misspelt_words() -> None:
    rates = [noise_rate(channel(), attacked(share)) for share in (0.0, 0.3, 1.0)]
    assert rates[0] < rates[1] < rates[2]
    assert rates[2] > 0.8


def test_a_known_form_is_corrected_in_a_noisy_text_and_kept_in_a_clean_one() -> None:
    clean = [word if word != "harbor" else "haror" for word in WORDS]
    noisy = [form if word != "harbor" else "haror" for form, word in zip(attacked(1.0), WORDS, strict=True)]
    assert channel().correct_many([clean])[0] == clean
    assert channel().correct_many([noisy])[0][WORDS.index("harbor")] == "harbor"


def test_a_text_is_corrected_by_its_own_noise_whatever_the_others_are() -> None:
    texts = [attacked(1.0), WORDS, ["haror"], []]
    together = channel().correct_many(texts)
    assert together == [channel().correct_many([text])[0] for text in texts]


def test_every_word_of_a_noisy_text_is_restored() -> None:
    restored = channel().correct_many([attacked(1.0, seed) for seed in range(20)])
    wrong = sum(a != b for words in restored for a, b in zip(words, WORDS, strict=True))
    assert wrong <= 0.02 * 20 * len(WORDS)  # a swap of two words' letters may give another word


def test_the_rate_is_a_fixed_point_of_expectation_maximization() -> None:
    rules = DictionaryRules(estimates_noise=True, noise_rate_words=10.0)
    text = [*attacked(0.5), *["tat"] * 9]  # near "that", but too short to tell anything
    subject = NoisyChannel(SpellingDictionary(COUNTS, rules))
    rate = noise_rate(subject, text)
    odds = [
        found.others.log_total - found.log_own for form in text if len(form) > 3 and (found := subject._evidence[form])
    ]
    misspelt = sum(1 / (1 + (1 - rate) / rate * math.exp(-each)) for each in odds)
    prior = rules.noise_rate * rules.noise_rate_words
    assert rate == pytest.approx((misspelt + prior) / (len(odds) + rules.noise_rate_words), abs=2e-3)


def test_more_mass_for_unseen_words_corrects_fewer_unknown_forms() -> None:
    text = [*WORDS[:12], "harbo"]  # one unknown form in a clean text
    for mass, last in ((1e-9, "harbor"), (0.9, "harbo")):
        subject = channel(unseen_mass=mass, noise_rate=1e-4, noise_rate_words=1e4, keep_ends=False)
        assert subject.correct_many([text])[0][-1] == last


def test_digits_hyphens_and_very_long_forms_do_no_harm() -> None:
    long = "a" * 5000
    subject = NoisyChannel(SpellingDictionary(COUNTS | {long: 1}, DictionaryRules(estimates_noise=True)))
    text = ["2014", "", "1,r000", "-", long, long[1:], "ligthhouse-keeper"]
    assert subject.correct_many([text])[0][:4] == text[:4]
    assert subject.correct_many([text])[0][-1] == "lighthouse-keeper"


def test_what_is_kept_of_earlier_texts_is_bounded_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [[attacked(1.0, seed)] for seed in range(20)]
    expected = [channel().correct_many(text) for text in texts]
    monkeypatch.setattr("charbert.text.repair.dictionary.MOST_CACHED", 60)
    monkeypatch.setattr("charbert.text.repair.noisy_channel.MOST_CACHED", 60)
    subject = channel()
    assert [subject.correct_many(text) for text in texts] == expected
    assert max(len(subject._evidence), len(subject._dictionary._found)) <= 60


TEXTS = ["seven ships left the harbor", "the ship left seven chips", "the keeper saw seven ships", "the keeper left"]
AMBIGUOUS = Counter(
    {"ships": 40, "chips": 50, "ship": 60, "seven": 80, "the": 200, "keeper": 70, "left": 60, "saw": 30}
)


def in_context(weight: float) -> NoisyChannel:
    rules = DictionaryRules(estimates_noise=True, keep_ends=False, context_weight=weight)
    pairs = count_pairs([text.split() for text in TEXTS * 5], AMBIGUOUS, 100)
    return NoisyChannel(SpellingDictionary(AMBIGUOUS, rules), WordPairs(pairs, AMBIGUOUS))


def test_the_words_beside_a_form_choose_between_its_corrections_and_itself() -> None:
    noisy = ["the", "kepeer", "saw", "sevn", "xhips"]
    alone = NoisyChannel(SpellingDictionary(AMBIGUOUS, DictionaryRules(estimates_noise=True, keep_ends=False)))
    assert alone.correct_many([noisy])[0][-1] == "chips"  # which is more frequent
    assert in_context(1.0).correct_many([noisy])[0] == ["the", "keeper", "saw", "seven", "ships"]
    assert in_context(1.0).correct_many([["the", "kepeer", "saw", "chips"]])[0][-1] == "chips"  # nothing speaks against


def test_without_weight_the_context_changes_nothing() -> None:
    texts = [attacked(share, seed) for share in (0.0, 0.5, 1.0) for seed in range(5)]
    texts += [["ligthhouse-keeper", "2014", "", "xhips"], ["the", "kepeer", "saw", "sevn", "xhips"]]
    plain = NoisyChannel(SpellingDictionary(AMBIGUOUS, DictionaryRules(estimates_noise=True, keep_ends=False)))
    assert in_context(0.0).correct_many(texts) == plain.correct_many(texts)


def test_the_most_likely_sequence_is_that_of_trying_all() -> None:
    subject = in_context(0.7)
    assert subject._pairs is not None
    for text in (["seven", "hips", "lft", "the", "xhips"], ["sven", "xhips", "saw", "te", "kepers"]):
        (chosen,) = subject.correct_many([text])
        gain = log_odds(noise_rate(subject, text))
        choices = [subject._choices(form, gain) for form in text]
        scores = {}
        for sequence in itertools.product(*choices):
            words = [word for word, _ in sequence]
            ratios = (subject._pairs.log_ratio(*pair) for pair in itertools.pairwise(words))
            scores[tuple(words)] = sum(score for _, score in sequence) + 0.7 * sum(ratios)
        assert max(map(len, choices)) > 2
        assert scores[tuple(chosen)] == pytest.approx(max(scores.values()))


def test_letters_of_a_word_like_those_of_the_dictionary_are_more_probable() -> None:
    letters = LetterTrigrams(set(WORDS))
    assert letters.log_probability("counting") > letters.log_probability("cnotuing")
    assert letters.log_probability("ship") > letters.log_probability("shipship")


def test_a_letter_is_as_probable_as_it_is_frequent_behind_two_others_with_half_a_count_added() -> None:
    letters = LetterTrigrams(["ab"])  # behind any two letters come a, b, the end or a letter that no word has
    assert math.exp(letters.log_probability("ab")) == pytest.approx((1.5 / 3) ** 3)
    assert math.exp(letters.log_probability("b")) == pytest.approx(0.5 / 3 * 0.5 / 2)


def test_a_form_is_a_word_of_the_dictionary_or_one_that_it_does_not_hold() -> None:
    subject = channel(unseen_mass=0.3)
    for form in ("harbor", "harbr"):
        unseen = 0.3 * math.exp(subject._letters.log_probability(form))
        known = 0.7 * COUNTS.get(form, 0) / sum(COUNTS.values())
        assert math.exp(subject.log_own(form)) == pytest.approx(unseen + known)


def test_a_corrector_that_estimates_noise_takes_over_case_and_is_fast() -> None:
    corrector = DictionaryCorrector(COUNTS, DictionaryRules(estimates_noise=True))
    assert corrector.correct_many([["Lighthosue", "KEPEER", "conuted"]]) == [["Lighthouse", "KEEPER", "counted"]]
    texts = [attacked(1.0, seed) for seed in range(300)]
    start = time.process_time()
    corrector.correct_many(texts)
    assert len(texts) * len(WORDS) / (time.process_time() - start) > 20_000

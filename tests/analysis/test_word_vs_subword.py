from charbert.analysis.word_vs_subword import find_split_words, score_by_split
from charbert.metrics.tagging import entity_scores

GOLD = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
PREDICTED = [["B-PER", "I-PER", "B-MISC", "O"], ["B-LOC", "O"]]
SPLIT = [[False, True, True, False], [False, False]]


def test_an_entity_is_split_if_any_of_its_words_is() -> None:
    scores = score_by_split(GOLD, PREDICTED, SPLIT)
    assert (scores.split.gold, scores.split.predicted, scores.split.correct) == (1, 2, 1)  # PER; and a wrong MISC
    assert (scores.unsplit.gold, scores.unsplit.predicted, scores.unsplit.correct) == (2, 1, 0)


def test_the_classes_add_up_to_the_usual_score() -> None:
    scores = score_by_split(GOLD, PREDICTED, SPLIT)
    assert scores.all_words.f1 == entity_scores(GOLD, PREDICTED).f1
    assert scores.all_words.gold == scores.split.gold + scores.unsplit.gold
    assert scores.all_words.correct == scores.split.correct + scores.unsplit.correct


def test_shares_are_of_words_of_words_in_entities_and_of_entities() -> None:
    scores = score_by_split(GOLD, PREDICTED, SPLIT)
    assert (scores.split_words, scores.split_entity_words, scores.split_entities) == (2 / 6, 1 / 4, 1 / 3)


def test_without_words_every_score_is_zero() -> None:
    scores = score_by_split([], [], [])
    assert (scores.all_words.f1, scores.split_words, scores.split_entities) == (0, 0, 0)


def test_split_words_are_those_with_several_subwords(wordpiece_tokenizer) -> None:
    sentences = [["The", "lighthouse", "xylophones"], ["keep"]]
    counts = [[len(wordpiece_tokenizer.tokenize(word)) for word in words] for words in sentences]
    assert any(count > 1 for row in counts for count in row) and any(count == 1 for row in counts for count in row)
    assert find_split_words(sentences, wordpiece_tokenizer) == [[count > 1 for count in row] for row in counts]

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from charbert.data.readers.conll import read_conll, write_conll
from charbert.errors import DataError
from charbert.synthetic import Newswire
from charbert.synthetic.data_sets import write_corpus
from charbert.synthetic.detokenize import detokenize
from charbert.synthetic.examples import pair_examples, qa_examples
from charbert.synthetic.gazetteer import SPLITS, name_split, split_of
from charbert.synthetic.generator import NewsSentence
from charbert.synthetic.templates import parse_templates, read_topics


@pytest.fixture(scope="module")
def wire() -> Newswire:
    return Newswire(3)


def _names(sentences: Iterable[NewsSentence]) -> set[tuple[str, ...]]:
    names, current = set(), []
    for sentence in sentences:
        for word, tag in [*zip(sentence.words, sentence.tags, strict=True), ("", "O")]:
            if not tag.startswith("I-") and current:
                names.add(tuple(current))
                current = []
            if tag != "O":
                current.append(word.casefold())
    return names


def test_there_are_many_templates_and_questions() -> None:
    templates = [template for topic in read_topics().values() for template in topic]
    assert len(templates) >= 120
    assert sum(len(template.questions) for template in templates) >= 120


def test_the_same_seed_gives_the_same_sentences_and_another_seed_others(wire: Newswire) -> None:
    again = list(Newswire(3).sentences(200))
    assert list(wire.sentences(200)) == again
    assert list(Newswire(4).sentences(200)) != again


@pytest.mark.slow
def test_no_byte_depends_on_the_hash_seed_of_the_process() -> None:
    code = (
        "import hashlib; from charbert.synthetic import Newswire; wire = Newswire(3); "
        "rows = [s.words for split in ('train', 'test') for s in wire.sentences(2000, split)]; "
        "print(hashlib.sha256(repr(rows).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_more_documents_leave_the_first_ones_unchanged(wire: Newswire) -> None:
    assert list(wire.documents(3, "dev")) == list(wire.documents(6, "dev"))[:3]


def test_annotation_is_complete_and_iob2(wire: Newswire) -> None:
    for sentence in wire.sentences(2000):
        assert len(sentence.words) == len(sentence.tags) == len(sentence.pos) > 0
        assert not any(re.search(r"[\s{}]", word) or not word for word in sentence.words)
        assert all(re.fullmatch(r"[A-Z$]+|[,.:\"()]", pos) for pos in sentence.pos)
        for previous, tag in zip(("O", *sentence.tags), sentence.tags, strict=False):
            assert re.fullmatch(r"O|[BI]-(PER|ORG|LOC|MISC)", tag)
            assert not tag.startswith("I-") or previous[2:] == tag[2:]


def test_names_of_the_splits_are_disjoint(wire: Newswire) -> None:
    names = {split: _names(wire.sentences(4000, split)) for split in SPLITS}
    assert all(len(split_names) > 1000 for split_names in names.values())
    assert not names["train"] & (names["dev"] | names["test"]) and not names["dev"] & names["test"]
    other_seed = _names(Newswire(4).sentences(4000, "train"))
    assert not other_seed & names["test"]


def test_surnames_of_test_people_are_unknown_in_training(wire: Newswire) -> None:
    def people(split: str) -> set[str]:
        return {
            sentence.words[place]
            for sentence in wire.sentences(3000, split)
            for place, tag in enumerate(sentence.tags)
            if tag.endswith("PER") and len(sentence.words[place]) > 3 and not sentence.words[place].isupper()
        }

    words = {word for sentence in wire.sentences(3000) for word in sentence.words}
    assert not people("test") & words


def test_the_vocabulary_is_rich_and_words_of_names_have_several_types(wire: Newswire) -> None:
    sentences = list(wire.sentences(20_000))
    assert len({word for sentence in sentences for word in sentence.words}) >= 3000
    plain = {w for s in sentences for w, t in zip(s.words, s.tags, strict=True) if t == "O" and w.islower()}
    assert len(plain) >= 600
    before = {"PER": set(), "ORG": set(), "LOC": set()}
    for sentence in sentences:
        for previous, tag in zip(sentence.words, sentence.tags[1:], strict=False):
            if tag[:2] == "B-" and tag[2:] in before:
                before[tag[2:]].add(previous.lower())
    assert len(before["PER"] & before["ORG"] & before["LOC"]) >= 30


def test_a_name_belongs_to_a_split_only_with_all_its_words() -> None:
    words = {split: next(word for word in map("name{}".format, range(99)) if split_of(word) == split)
             for split in SPLITS}  # fmt: skip
    assert name_split(words["dev"]) == "dev"
    assert name_split(f"{words['dev']} {words['test']}") is None
    assert split_of("LISBON") == split_of("Lisbon")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ('" We won , " Mora said .', '"We won," Mora said.'),
        ("Kovacs ( Hungary ) 21.34", "Kovacs (Hungary) 21.34"),
        ("Norway 's $ 12.5 million plan", "Norway's $12.5 million plan"),
        ('The " Road " and the " Lake " opened', 'The "Road" and the "Lake" opened'),
    ],
)
def test_detokenized_text_is_spaced_as_in_print(words: str, text: str) -> None:
    detokenized, spans = detokenize(words.split())
    assert detokenized == text
    assert [detokenized[start:end] for start, end in spans] == words.split()


def test_articles_fit_the_next_word(wire: Newswire) -> None:
    text = " ".join(sentence.text for sentence in wire.sentences(5000))
    assert not re.search(r"\ba [aeio]", text)
    assert not re.search(r"\ban [bcdfgjklmnpqrstvwxyz]", text)


def test_sentences_begin_with_a_capital_and_headlines_are_capitals(wire: Newswire) -> None:
    for document in wire.documents(200):
        assert document.title.text == document.title.text.upper()
        for sentence in document.body:
            first = next(letter for letter in sentence.text if letter != '"')
            assert not first.islower() or sentence.tags[0] != "O"


def test_files_are_the_same_bytes_and_read_back(wire: Newswire, tmp_path: Path) -> None:
    sentences = list(wire.sentences(300, "test"))
    write_conll(tmp_path / "first.txt", sentences)
    write_conll(tmp_path / "second.txt", Newswire(3).sentences(300, "test"))
    assert (tmp_path / "first.txt").read_bytes() == (tmp_path / "second.txt").read_bytes()
    read = read_conll(tmp_path / "first.txt", scheme="strict")
    assert [(s.words, s.tags, s.pos, s.document) for s in read] == [
        (s.words, s.tags, s.pos, s.document) for s in sentences
    ]


def test_a_corpus_has_one_paragraph_per_line_and_an_empty_line_after_an_article(wire: Newswire, tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus.txt", wire.documents(20))
    articles = (tmp_path / "corpus.txt").read_text(encoding="utf-8").strip().split("\n\n")
    assert len(articles) == 20
    assert all(len(article.split("\n")) >= 3 for article in articles)


def test_answers_are_at_their_starts(wire: Newswire) -> None:
    examples = list(qa_examples(wire.documents(300), np.random.default_rng(0), unanswerable_probability=0.3))
    answered = [example for example in examples if example.answers]
    assert 0.1 < 1 - len(answered) / len(examples) < 0.3
    assert len({example.question_id for example in examples}) == len(examples)
    for example in answered:
        (answer,) = example.answers
        assert example.context[answer.start : answer.start + len(answer.text)] == answer.text
        assert example.question.endswith("?") and example.question[0].isupper()


def test_pairs_are_balanced_and_reproducible(wire: Newswire) -> None:
    pairs = list(pair_examples(wire.documents(400), np.random.default_rng(0)))
    assert 0.4 < np.mean([pair.label == "entailment" for pair in pairs]) < 0.6
    assert len({pair.second for pair in pairs}) > len(pairs) / 4
    again = list(pair_examples(wire.documents(400), np.random.default_rng(0)))
    assert pairs == again


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {PER:a} jumped .", "part of speech for 'jumped'"),
        ("- {PER:a} {VBD.fly} .", "class of the lexicon"),
        ("- {b} was here/RB .", "slot 'b'"),
        ("- {PER:a} was here/RB .\n? Who was here/RB ? -> b", "answer slot"),
        ("- {PER:a} was here/RB .\n? What did {NN.deal} do/VB ? -> a", "slot 'NN.deal'"),
        ("- {Per} was here/RB .", "expected a slot"),
        ("? Who was here/RB ? -> a", "below a sentence"),
    ],
)
def test_malformed_templates_are_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_templates("test", text)

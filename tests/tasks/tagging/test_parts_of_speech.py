from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from charbert.config.data.sets import ColumnSettings, TaskKind, TaskSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.errors import SettingsError
from charbert.metrics.significance import mean_of_counts
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import Attack
from charbert.tasks.catalog import build_task
from charbert.tasks.tagging.entities import NamedEntityTask
from charbert.tasks.tagging.parts_of_speech import PartOfSpeechTask
from charbert.text.char_vocab import CharVocab

SENTENCES = [
    TaggedSentence(("The", "lighthouse", "keeper", "counted", "ships"), ("DT", "NN", "NN", "VBD", "NNS")),
    TaggedSentence(("Nobody", "remembered", "!"), ("NN", "VBD", ".")),
]


def task(**columns: str) -> PartOfSpeechTask:
    return PartOfSpeechTask("pos", "accuracy", ColumnSettings(**columns))  # type: ignore[arg-type]


def pairs(sentences: list[TaggedSentence]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(sentence.words, sentence.tags) for sentence in sentences]


def test_right_logits_give_right_tags(wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> None:
    pos = task()
    pos.learn_labels(SENTENCES)
    encoded = pos.encode(SENTENCES, CharBertTokenizer(wordpiece_tokenizer, char_vocab), 12)
    logits = [np.eye(len(pos.labels))[np.maximum(0, feature["labels"])] for feature in encoded.features]
    predictions = pos.decode(logits, encoded)
    assert predictions == [list(sentence.tags) for sentence in SENTENCES]
    assert pos.score(SENTENCES, predictions) == {"accuracy": 1.0, "sentence_accuracy": 1.0}


def test_a_word_without_subwords_gets_the_most_frequent_tag(
    uncased_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    pos, silent = task(), TaggedSentence(("ships", "\u0301"), ("NNS", "NN"))
    pos.learn_labels(SENTENCES)
    encoded = pos.encode([silent], CharBertTokenizer(uncased_tokenizer, char_vocab), 12)
    logits = [np.zeros((len(feature["input_ids"]), len(pos.labels))) for feature in encoded.features]
    assert encoded.report["silent_words"] == 1
    assert pos.decode(logits, encoded)[0][1] == "NN"


def test_units_add_up_to_the_accuracy_over_words() -> None:
    predictions = [["DT", "NN", "NN", "NN", "NN"], ["NN", "VBD", "."]]
    score = task().score(SENTENCES, predictions)
    assert score == {"accuracy": 0.75, "sentence_accuracy": 0.5}
    for metric, expected in score.items():
        units = PartOfSpeechTask("pos", metric, ColumnSettings()).units(SENTENCES, predictions)
        assert mean_of_counts(units.sum(axis=0)) == expected, metric


@pytest.mark.parametrize(("name", "label"), [("dev.pos", "label"), ("dev.conllu", "upos"), ("dev.conllu", "xpos")])
def test_an_attacked_copy_is_written_and_read_back(tmp_path: Path, name: str, label: str) -> None:
    pos = task(label=label)
    attacked, edits = pos.attack(SENTENCES, Attack(), seed=3)
    pos.check_aligned(SENTENCES, attacked, tmp_path)
    assert all(edits)
    pos.write(tmp_path / name, attacked)
    assert pairs(pos.read(tmp_path / name, attacked=True)) == pairs(attacked)


@pytest.mark.parametrize("name", ["dev.pos", "dev.conllu"])
def test_documents_are_written_and_read_back(tmp_path: Path, name: str) -> None:
    pos, sentences = task(label="upos"), [replace(SENTENCES[0], document=at) for at in (0, 0, 1, 2)]
    pos.write(tmp_path / name, sentences)
    assert [sentence.document for sentence in pos.read(tmp_path / name)] == [0, 0, 1, 2]


def test_conllu_files_need_the_column_of_their_tags(tmp_path: Path) -> None:
    task(label="upos").write(tmp_path / "dev.conllu", SENTENCES)
    with pytest.raises(SettingsError, match=r"task\.columns\.label must be upos or xpos"):
        task().read(tmp_path / "dev.conllu")


def test_named_entities_are_written_and_read_back(tmp_path: Path) -> None:
    entities = [TaggedSentence(("Ann", "Lee", "left"), ("B-PER", "I-PER", "O"))]
    ner = NamedEntityTask("ner", "f1")
    ner.write(tmp_path / "test.txt", entities)
    assert pairs(ner.read(tmp_path / "test.txt")) == pairs(entities)


def test_a_metric_that_tags_do_not_have_is_refused_before_training() -> None:
    with pytest.raises(SettingsError, match=r"task\.metric must be one of accuracy, sentence_accuracy for .*got 'f1'"):
        PartOfSpeechTask("pos", "f1").learn_labels(SENTENCES)


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_kind_of_task_can_be_built(kind: TaskKind) -> None:
    assert build_task(TaskSettings(name="any", kind=kind, metric="f1")).name == "any"

"""Fine-tuning on files made here: what it leaves behind, and what it refuses."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import transformers

from charbert.config.schema import Settings
from charbert.data.readers.conll import TaggedSentence, read_conll, write_conll
from charbert.deploy.predict.predictor import Predictor
from charbert.errors import SettingsError
from charbert.pipelines.train import finetune
from charbert.pipelines.train.pretrain import new_encoder
from charbert.pipelines.train.task_model import report_unknown
from charbert.runs.errors import reported
from charbert.runs.run import finetuning_run
from charbert.text.char_vocab import CharVocab
from charbert.text.word_rule import WordRule

Benchmarks = Callable[..., Settings]
NER = {"train": "conll2003/eng.train", "dev": "conll2003/eng.testa", "test": "conll2003/eng.testb"}
COPY = "charbert_attack/CharAttack_NER/test.txt"


def tagged(words: str, tags: str) -> TaggedSentence:
    return TaggedSentence(tuple(words.split()), tuple(tags.split()))


SENTENCES = [
    tagged("Nobody in Malmö remembered Ada Lind", "O O B-LOC O B-PER I-PER"),
    tagged("The keeper counted ships in Zürich", "O O O O O B-LOC"),
    tagged("Ada Lind answered", "B-PER I-PER O"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for relative in (*NER.values(), COPY):
        (root / relative).parent.mkdir(parents=True, exist_ok=True)
        write_conll(root / relative, SENTENCES * 4)
    return root


def refused(settings: Settings, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the message of a run that an entry point ends with exit code 2, leaving nothing behind."""
    with pytest.raises(SystemExit) as stopped:
        reported(finetune.run)(settings)
    assert stopped.value.code == 2
    assert not Path(settings.paths.results).exists()
    assert not (Path(settings.paths.outputs) / "finetune").exists()
    return capsys.readouterr().err


def test_errors_are_written_next_to_predictions_with_words_before_and_after_the_attack(
    data: Path, benchmarks: Benchmarks
) -> None:
    settings = benchmarks("task=ner")
    record = finetune.run(settings)
    path = finetuning_run(settings).predictions_path("charbert")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    with path.with_name("charbert.mistakes.csv").open(newline="") as stream:
        mistakes = list(csv.DictReader(stream))
    wrong = sum(
        gold_tag != predicted_tag
        for row in rows
        for gold_tag, predicted_tag in zip(row["gold"], row["predicted"], strict=True)
    )
    assert len(mistakes) == wrong > 0
    clean = read_conll(data / NER["test"])
    for mistake in mistakes:
        sentence, position = int(mistake["sentence"]), int(mistake["position"])
        assert mistake["word"] == clean[sentence].words[position]
        assert mistake["form"] == rows[sentence]["words"][position]
    with path.with_name("charbert.confusion.csv").open(newline="") as stream:
        header, *counts = list(csv.reader(stream))
    assert sum(int(run) for row in counts for run in row[1:]) == sum(len(row["gold"]) for row in rows)
    assert {"O", "B-LOC", "B-PER", "I-PER"} <= set(header)
    assert {"eval/ner/f1", "attack/ner/charbert/f1", "attack/ner/released/f1"} <= record.metrics.keys()
    assert 0.4 < record.metrics["attack/ner/charbert/changed_words"] < 0.8
    assert record.metrics["attack/ner/released/changed_words"] == 0  # the copy of these files has no typos
    assert "eval/ner/changed_words" not in record.metrics
    usage = json.loads((finetuning_run(settings).model_folder / "charbert_usage.json").read_text())
    assert usage["words"] == WordRule.learn([sentence.words for sentence in SENTENCES * 4]).to_dict()


@pytest.mark.parametrize("channel", ["both", "token"])
def test_a_model_behind_a_dictionary_reads_typos_as_the_words_in_training_and_in_inference(
    entities: Benchmarks, tmp_path: Path, channel: str
) -> None:
    own = ("model.name=T", "model.dictionary.enabled=true", f"model.dictionary.channel={channel}")
    settings = entities(*own, "data.corpus.train=corpus.txt")
    (tmp_path / "data/corpus.txt").write_text("The keeper counted ships.\n" * 3, encoding="utf-8")
    finetune.run(settings)
    predictor = Predictor.load(finetuning_run(settings).model_folder)
    (clean,), (typos,) = (
        predictor.predict(["The keeper counted ships"]),
        predictor.predict(["The kepeer cuonted sihps"]),
    )
    assert [(span.type, span.score) for span in typos.spans] == [(span.type, span.score) for span in clean.spans]
    assert (predictor.processor.repair is not None) is (channel == "token")
    folder = str(finetuning_run(settings).model_folder)
    tag = transformers.pipeline("token-classification", model=folder, aggregation_strategy="none")
    clean_tags, typo_tags = tag("The keeper counted ships"), tag("The  kepeer cuonted sihps")
    labels, scores = ([found[name] for found in typo_tags] for name in ("entity", "score"))
    assert labels == [found["entity"] for found in clean_tags]
    if channel == "both":
        assert scores == pytest.approx([found["score"] for found in clean_tags], rel=1e-5)
    assert all(found["end"] <= len("The  kepeer cuonted sihps") for found in typo_tags)


def test_of_a_model_that_answers_the_saved_tokenizer_corrects_questions_alone(
    benchmarks: Benchmarks, head_data: Path
) -> None:
    files = (f"data.sets.squad1.{split}=squad/one.json" for split in ("train", "dev", "test"))
    settings = benchmarks("task=squad1", *files, "model.dictionary.enabled=true", "data.corpus.train=corpus.txt")
    (head_data / "corpus.txt").write_text("The keeper counted ships.\n" * 3, encoding="utf-8")
    finetune.run(settings)
    tokenizer = transformers.AutoTokenizer.from_pretrained(finetuning_run(settings).model_folder)
    asked, context = "Who cuonted sihps?", "The kepeer cuonted sihps"
    assert tokenizer(asked, context)["input_ids"] == tokenizer("Who counted ships?", context)["input_ids"]
    assert tokenizer(asked, context)["input_ids"] != tokenizer(asked, "The keeper counted ships")["input_ids"]


@pytest.mark.parametrize(("words", "level"), [(["aş"] + ["aaaa"] * 99, "INFO"), (["aş"], "WARNING"), (["a"], None)])
def test_characters_that_the_char_channel_cannot_tell_apart_are_reported(
    words: list[str], level: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        report_unknown(CharVocab.build(["a"], size=5), [words])
    told = [(record.levelname, record.message) for record in caplog.records]
    if level is None:
        assert told == []
        return
    assert [name for name, _ in told] == [level]
    share = {"INFO": "0.25", "WARNING": "50.00"}[level]
    assert f"1 characters of the training set ({share} %)" in told[0][1]
    assert "'ş' (1)" in told[0][1]


def test_an_unknown_label_of_the_test_set_is_refused_before_training(
    data: Path, benchmarks: Benchmarks, capsys: pytest.CaptureFixture[str]
) -> None:
    write_conll(data / NER["test"], [*SENTENCES, tagged("The Nile rose", "O B-RIVER O")])
    message = refused(benchmarks("task=ner"), capsys)
    assert "eng.testb, sentence 3 (line" in message
    assert "got 'B-RIVER'" in message


def test_an_unknown_label_of_a_table_is_named_by_line(
    tmp_path: Path, benchmarks: Benchmarks, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / "glue" / "RTE"
    folder.mkdir(parents=True)
    rows = "index\tsentence1\tsentence2\tlabel\n0\tA ship.\tA boat.\tentailment\n1\tA cup.\tA sea.\tnot_entailment\n"
    (folder / "train.tsv").write_text(rows)
    (folder / "dev.tsv").write_text(rows + "2\tA key.\tA lock.\tperhaps\n")
    message = refused(benchmarks("task=rte"), capsys)
    assert "dev.tsv:4: expected a label of" in message
    assert "'perhaps'" in message


@pytest.mark.parametrize(
    ("copy", "message"),
    [
        ([tagged("Nobody in Malmö", "O O B-LOC"), *SENTENCES[1:]], "test.txt, sentence 0"),
        ([SENTENCES[0], tagged("The keeper counted ships in Zürich", "O O O O O B-PER"), SENTENCES[2]], "word 5"),
        (SENTENCES[:2], "test.txt: expected 3 attacked sentences"),
    ],
)
def test_an_attacked_copy_that_does_not_line_up_is_named_with_its_first_difference(
    data: Path,
    benchmarks: Benchmarks,
    capsys: pytest.CaptureFixture[str],
    copy: list[TaggedSentence],
    message: str,
) -> None:
    write_conll(data / NER["test"], SENTENCES)
    write_conll(data / COPY, copy)
    assert message in refused(benchmarks("task=ner"), capsys)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_an_empty_file_is_named(
    data: Path, benchmarks: Benchmarks, capsys: pytest.CaptureFixture[str], split: str
) -> None:
    (data / NER[split]).write_text("")
    message = refused(benchmarks("task=ner"), capsys)
    assert Path(NER[split]).name in message
    assert "expected at least one sentence" in message


def test_a_task_can_have_its_own_length(benchmarks: Benchmarks) -> None:
    plain, longer = benchmarks("task=ner"), benchmarks("task=ner", "task.max_length=64")
    assert (plain.finetuning_length, longer.finetuning_length) == (48, 64)
    assert finetuning_run(plain).key != finetuning_run(longer).key
    same = benchmarks("task=ner", "task.max_length=48")
    assert finetuning_run(plain).key == finetuning_run(same).key


def test_a_set_with_few_examples_can_have_more_epochs(entities: Benchmarks) -> None:
    epochs = ("finetuning.max_steps=-1", "finetuning.epochs=1")
    plain, longer = entities(*epochs), entities(*epochs, "data.sets.ner.epochs_factor=3")
    assert finetuning_run(plain).key == finetuning_run(entities(*epochs, "data.sets.ner.epochs_factor=1")).key
    assert finetuning_run(plain).key != finetuning_run(longer).key
    assert finetune.run(longer).training_tokens == 3 * finetune.run(plain).training_tokens
    with pytest.raises(SettingsError, match="epochs_factor must be positive, got 0"):
        entities("data.sets.ner.epochs_factor=0")


@pytest.mark.parametrize(("recipe", "length"), [("paper", 384), ("minilm", 384), ("quick", 96), ("smoke", 64)])
def test_passages_have_a_larger_maximal_length_than_sentences(composed: Benchmarks, recipe: str, length: int) -> None:
    assert composed(f"recipe={recipe}", "task=squad2").finetuning_length == length


def test_a_length_out_of_range_is_refused(composed: Benchmarks) -> None:
    with pytest.raises(SettingsError, match=r"task\.max_length must be in \[8, "):
        composed("task.max_length=4")


def test_a_length_beyond_the_positions_of_the_trunk_is_refused_before_training(
    data: Path, benchmarks: Benchmarks, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(benchmarks("task=ner", "finetuning.max_length=513"), capsys)
    assert "task.max_length or finetuning.max_length must be at most 512 subwords" in message
    pretrained = benchmarks("task=ner", "model=charbert", "pretraining.max_length=600")
    with pytest.raises(SettingsError, match=r"pretraining\.max_length must be at most 512 subwords"):
        new_encoder(pretrained)


def test_the_share_of_changed_words_is_logged_and_an_attack_that_changes_none_is_warned_of(
    entities: Benchmarks, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        finetune.run_and_report(entities())
    lines = [record.getMessage() for record in caplog.records]
    assert any(re.match(r"attack/ner/charbert/f1 .*\(\d\d % of the words changed\)", line) for line in lines)
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    (message,) = [line for line in warned if "the attack" in line]
    assert message.startswith("the attack released changes 0.0 % of the words of task=ner")

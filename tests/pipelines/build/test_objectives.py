"""Fine-tuning with a teacher and on text with typos, on files made here."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, PreTrainedTokenizerFast

from charbert.config.schema import Settings
from charbert.errors import CheckpointError, SettingsError
from charbert.model import (
    CharBertConfig,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)
from charbert.model.tokenization import CharBertTokenizer
from charbert.pipelines.build import objectives
from charbert.pipelines.train import finetune
from charbert.records import file_checksum, read_record
from charbert.runs.run import finetuning_run
from charbert.runs.teachers import teacher_folder
from charbert.text.char_vocab import CharVocab
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules
from charbert.training.distributed import processes

Benchmarks = Callable[..., Settings]
SaveTeacher = Callable[..., Path]
SQUAD = tuple(f"data.sets.squad1.{split}=squad/one.json" for split in ("train", "dev", "test"))
TASKS = {
    "ner": ("task=ner", "~data.sets.ner.attacked.released"),
    "rte": ("task=rte", "data.sets.rte.test=glue/RTE/dev.tsv"),
    "squad1": ("task=squad1", *SQUAD),
}
LEARNING = ("finetuning.optimizer.warmup_fraction=0", "finetuning.evaluations=1")
"""From the first step on, and the weights of the last step are kept."""
LABELS = {"ner": ["O", "B-LOC", "B-PER", "I-PER"], "rte": ["entailment", "not_entailment"], "squad1": []}
HEADS: dict[str, Any] = {
    "ner": CharBertForTokenClassification,
    "rte": CharBertForSequenceClassification,
    "squad1": CharBertForQuestionAnswering,
}


@pytest.fixture
def save_teacher(tmp_path: Path, uncased_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> SaveTeacher:
    """Return a maker of CharBERT models of a task that nobody has trained, larger than the student."""

    def make(
        name: str, labels: list[str] | None = None, tokenizer: PreTrainedTokenizerFast = uncased_tokenizer
    ) -> Path:
        known = LABELS[name] if labels is None else labels
        named = {"id2label": dict(enumerate(known)), "label2id": {label: n for n, label in enumerate(known)}}
        sizes = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}
        config = CharBertConfig(
            trunk_config=BertConfig(vocab_size=len(tokenizer), initializer_range=0.3, **sizes),
            char_vocab=char_vocab.to_dict(),
            char_embedding_size=8,
            **(named if known else {}),
        )
        torch.manual_seed(3)
        folder = tmp_path / "teachers" / name
        HEADS[name](config).save_pretrained(folder)
        CharBertTokenizer(tokenizer, char_vocab).save_pretrained(folder)
        return folder

    return make


def weights(settings: Settings) -> dict[str, torch.Tensor]:
    finetune.run(settings)
    return load_file(finetuning_run(settings).model_folder / "model.safetensors")


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", TASKS)
def test_a_teacher_of_weight_zero_changes_no_bit_and_another_weight_does(
    name: str, head_data: Path, benchmarks: Benchmarks, save_teacher: SaveTeacher
) -> None:
    teacher = save_teacher(name)
    before = file_checksum(teacher / "model.safetensors")
    plain = weights(benchmarks(*TASKS[name], *LEARNING))
    distilled = (*TASKS[name], *LEARNING, "distillation=logits", f"distillation.teacher={teacher}")
    assert same(plain, weights(benchmarks(*distilled, "distillation.weight=0")))
    assert not same(plain, weights(benchmarks(*distilled)))
    assert file_checksum(teacher / "model.safetensors") == before


@pytest.mark.parametrize("name", ["ner", "rte"])
def test_a_charbert_with_another_tokenizer_and_size_teaches_a_plain_student(
    name: str,
    head_data: Path,
    benchmarks: Benchmarks,
    save_teacher: SaveTeacher,
    wordpiece_tokenizer: PreTrainedTokenizerFast,
) -> None:
    teacher = save_teacher(name, LABELS[name][::-1], wordpiece_tokenizer)
    settings = benchmarks(
        *TASKS[name], "distillation=hidden", f"distillation.teacher={teacher}", "finetuning.log_every=1"
    )
    learnt = weights(settings)
    assert not [weight_name for weight_name in learnt if "distillation" in weight_name]
    losses = read_record(finetuning_run(settings).record_path).details["history"]
    assert any("loss" in line for line in losses)


def test_answers_are_distilled_only_between_equal_subwords(
    head_data: Path, benchmarks: Benchmarks, save_teacher: SaveTeacher, wordpiece_tokenizer: PreTrainedTokenizerFast
) -> None:
    teacher = save_teacher("squad1", tokenizer=wordpiece_tokenizer)
    settings = benchmarks(*TASKS["squad1"], "distillation=logits", f"distillation.teacher={teacher}")
    with pytest.raises(SettingsError, match="choose a teacher and a student with the same tokenizer"):
        finetune.run(settings)
    assert not finetuning_run(settings).record_path.exists()


def test_a_student_of_the_teachers_layers_is_a_plain_trunk_of_its_size(
    head_data: Path, benchmarks: Benchmarks, save_teacher: SaveTeacher
) -> None:
    layers = ("distillation.student_layers=[1,3]", f"distillation.teacher={save_teacher('ner')}")
    settings = benchmarks(*TASKS["ner"], "distillation=logits", *layers)
    finetune.run(settings)
    student = CharBertForTokenClassification.from_pretrained(finetuning_run(settings).model_folder)
    assert (student.config.num_hidden_layers, student.config.hidden_size) == (2, 24)
    assert not student.config.has_char_channel
    assert CharBertTokenizer.from_pretrained(finetuning_run(settings).model_folder).char_vocab is None


def test_a_student_of_a_teachers_layers_has_the_dictionary_of_its_own_settings(
    head_data: Path, benchmarks: Benchmarks, save_teacher: SaveTeacher
) -> None:
    folder = save_teacher("ner")
    tokenizer = CharBertTokenizer.from_pretrained(folder)
    tokenizer.correct_by(DictionaryCorrector({"keeper": 3, "counted": 2}, DictionaryRules()), "both")
    tokenizer.save_pretrained(folder)
    layers = ("distillation.student_layers=[1,3]", f"distillation.teacher={folder}")
    settings = benchmarks(*TASKS["ner"], "model=charbert_unpretrained", "distillation=logits", *layers)
    finetune.run(settings)
    student = CharBertTokenizer.from_pretrained(finetuning_run(settings).model_folder)
    assert student.char_vocab is not None
    assert student.repair is None


def test_a_teacher_may_be_saved_as_adapters(head_data: Path, benchmarks: Benchmarks) -> None:
    teacher = benchmarks(*TASKS["ner"], *LEARNING, "strategy=lora", "strategy.lora.save=adapters")
    finetune.run(teacher)
    folder = finetuning_run(teacher).model_folder
    student = (*TASKS["ner"], *LEARNING, "distillation=logits")
    assert teacher_folder(benchmarks(*student, "distillation.run=[strategy:lora]")) == folder
    taught = weights(benchmarks(*student, f"distillation.teacher={folder}"))
    assert not same(taught, weights(benchmarks(*TASKS["ner"], *LEARNING)))


def test_a_teacher_can_be_a_finished_run_named_by_its_settings(head_data: Path, benchmarks: Benchmarks) -> None:
    teacher = benchmarks(*TASKS["ner"])
    finetune.run(teacher)
    finetune.run(benchmarks(*TASKS["ner"], "finetuning.max_steps=2"))
    named = benchmarks(*TASKS["ner"], "distillation=logits", "distillation.run=[model:bert,finetuning.max_steps:3]")
    assert teacher_folder(named) == finetuning_run(teacher).model_folder
    with pytest.raises(SettingsError, match=r"fits 2 finished runs.*add a setting in which they differ"):
        teacher_folder(benchmarks(*TASKS["ner"], "distillation=logits", "distillation.run=[model:bert]"))
    with pytest.raises(SettingsError, match=r"expected a finished run of task=ner .* run the teacher first"):
        teacher_folder(benchmarks(*TASKS["ner"], "distillation=logits", "distillation.run=[model:charbert]"))


def test_the_weights_of_a_teacher_and_not_its_folder_identify_a_run(
    tmp_path: Path, benchmarks: Benchmarks, save_teacher: SaveTeacher
) -> None:
    teacher = save_teacher("ner")
    shutil.copytree(teacher, tmp_path / "copy")

    def key(folder: Path) -> str:
        settings = benchmarks(*TASKS["ner"], "distillation=logits", f"distillation.teacher={folder}")
        return finetuning_run(settings).key

    assert key(teacher) == key(tmp_path / "copy")
    assert key(save_teacher("ner", ["O", "B-LOC"])) != key(tmp_path / "copy")
    assert key(tmp_path / "copy") != finetuning_run(benchmarks(*TASKS["ner"])).key


def test_a_teacher_that_does_not_match_is_refused(
    head_data: Path, benchmarks: Benchmarks, save_teacher: SaveTeacher
) -> None:
    def refused(error: type[Exception], match: str, *overrides: str) -> None:
        with pytest.raises(error, match=match):
            finetune.run(benchmarks(*TASKS["ner"], "distillation=logits", *overrides))

    refused(SettingsError, "distillation needs a teacher")
    refused(CheckpointError, r"expected the teacher's model\.safetensors", "distillation.teacher=nowhere")
    other_head = f"distillation.teacher={save_teacher('rte')}"
    refused(SettingsError, "needs a teacher with a head ForTokenClassification", other_head)
    too_few = f"distillation.teacher={save_teacher('ner', ['O', 'B-LOC'])}"
    refused(SettingsError, r"lacks \['B-PER', 'I-PER'\]", too_few)


@pytest.mark.parametrize(
    ("override", "match"),
    [
        ("distillation.weight=1.5", r"distillation\.weight must be in \[0, 1\], got 1.5"),
        ("distillation.temperature=0", r"distillation\.temperature must be positive"),
        ("distillation.hidden_weight=-1", r"distillation\.hidden_weight must be 0 or more"),
        ("distillation.student_layers=[3,1]", r"distillation\.student_layers must rise from 1"),
        ("distillation.run=[charbert]", r"distillation\.run must list SETTING:VALUE, got 'charbert'"),
        ("distillation.layer_map=[1:2,two:3]", r"distillation\.layer_map must list LAYER:LAYER, got 'two:3'"),
        ("distillation.teacher=somewhere", r"distillation\.enabled is false, but a teacher"),
        ("robust_training.examples=2", r"robust_training\.examples must be in \[0, 1\], got 2"),
        ("robust_training.edits=[]", r"robust_training\.edits must list some of drop, add, swap, keyboard"),
        ("robust_training.min_word_length=2", r"robust_training\.min_word_length must leave an inner character"),
    ],
)
def test_a_setting_out_of_its_range_is_named(benchmarks: Benchmarks, override: str, match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        benchmarks(override)


@pytest.mark.parametrize(
    "objective", ["robust_training=adversarial", "robust_training=consistency", "preparation.class_weights=balanced"]
)
def test_objectives_beyond_labels_refuse_several_processes(
    objective: str, head_data: Path, benchmarks: Benchmarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = benchmarks(*TASKS["rte"], objective)
    monkeypatch.setattr(objectives, "refuse_several", partial(_as_of_two, monkeypatch))
    with pytest.raises(SettingsError, match="noise or class weights runs in one process, but 2 were started"):
        finetune.run(settings)


def _as_of_two(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(processes, "process_count", lambda: 2)
        processes.refuse_several(what)


def test_noise_in_no_example_changes_no_bit_and_noise_in_all_does(head_data: Path, benchmarks: Benchmarks) -> None:
    noisy = (*TASKS["rte"], *LEARNING, "robust_training=adversarial")
    plain = weights(benchmarks(*TASKS["rte"], *LEARNING))
    assert same(plain, weights(benchmarks(*noisy, "robust_training.examples=0")))
    assert not same(plain, weights(benchmarks(*noisy, "robust_training.examples=1")))


def test_the_weight_of_consistency_training_changes_the_model(head_data: Path, benchmarks: Benchmarks) -> None:
    taught = (*TASKS["squad1"], *LEARNING, "robust_training=consistency")
    learnt = [weights(benchmarks(*taught, f"robust_training.weight={weight}")) for weight in (1, 8)]
    assert not same(*learnt)

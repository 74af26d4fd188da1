"""The library's pipelines and its Trainer take a model's folder as it is, and give what the predictor gives."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    DataCollatorForTokenClassification,
    Trainer,
    TrainingArguments,
    pipeline,
)
from transformers.utils import logging as library_logging

from charbert.deploy.predict.predictor import Predictor
from charbert.model import CharBertForMaskedLM, CharBertForPreTraining, CharBertModel, CharBertTokenizer
from charbert.text.words import words_of

from .conftest import SIZES


@pytest.fixture(autouse=True)
def no_complaints(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The library says in the log when a model does not fit a pipeline, or a configuration the tokenizer."""
    library_logging.enable_propagation()
    with caplog.at_level(logging.WARNING, logger="transformers"):
        yield
    library_logging.disable_propagation()
    complaints = ("not supported", "new PAD/BOS/EOS tokens")
    messages = [record.message for record in caplog.get_records("call")]  # records are those of the teardown by now
    assert not [message for message in messages if any(part in message for part in complaints)]


@pytest.mark.parametrize("chars", [True, False])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_classification_pipeline_equals_the_predictor(
    save_model, sentences: tuple[str, ...], chars: bool, batch_size: int
) -> None:
    folder = save_model("sequence_classification", chars=chars, max_length=64)
    classify = pipeline("text-classification", model=str(folder), device="cpu", batch_size=batch_size)
    for output, rows in zip(
        Predictor.load(folder).predict(sentences), classify(list(sentences), top_k=None), strict=True
    ):
        assert rows[0]["label"] == output.label
        assert {row["label"]: row["score"] for row in rows} == pytest.approx(output.probabilities, abs=1e-5)


def test_a_pair_goes_through_the_pipeline(classifier: Path) -> None:
    pair = {"text": "Seven ships", "text_pair": "before breakfast"}
    (output,) = Predictor.load(classifier).predict([pair])
    prediction = pipeline("text-classification", model=str(classifier), device="cpu")(pair)
    assert (prediction["label"], prediction["score"]) == (output.label, pytest.approx(output.probability, abs=1e-5))


@pytest.mark.parametrize("chars", [True, False])
@pytest.mark.parametrize("as_words", [True, False])
def test_a_tagging_pipeline_equals_the_predictor(
    save_model, sentences: tuple[str, ...], chars: bool, as_words: bool
) -> None:
    folder = save_model("token_classification", chars=chars, max_length=64)
    texts = [" ".join(words_of(sentence)) for sentence in sentences]
    tag = pipeline("token-classification", model=str(folder), device="cpu", aggregation_strategy="first")
    total = 0
    for text, output in zip(texts, Predictor.load(folder).predict(texts), strict=True):
        words = text.split()
        if not all(len(word) == 1 or word.isalnum() for word in words):
            continue  # the pipeline has its own words where the tokenizer splits one at its punctuation
        entities = tag([words], is_split_into_words=True)[0] if as_words else tag(text)
        spans = [(entity["entity_group"], entity["start"], entity["end"]) for entity in entities]
        assert spans == [(span.type, span.start, span.end) for span in output.spans]
        assert [entity["score"] for entity in entities] == pytest.approx(
            [span.score for span in output.spans], abs=1e-5
        )
        total += len(spans)
    assert total > 5


def test_a_tagging_pipeline_reads_a_long_text_in_windows(tagger: Path, sentences: tuple[str, ...]) -> None:
    tag = pipeline("token-classification", str(tagger), stride=6, aggregation_strategy="first")
    text = " ".join(sentences)
    found = tag(text)
    assert found[-1]["start"] > len(text) * 0.8
    assert all(text[row["start"] : row["end"]].strip() for row in found)


def test_a_classification_pipeline_truncates_to_what_the_trunk_reads(classifier: Path) -> None:
    (long, longer) = pipeline("text-classification", str(classifier))(["ship " * 80, "ship " * 99], truncation=True)
    assert long == longer


def test_features_are_the_states_of_the_token_channel(tagger: Path, sentences: tuple[str, ...]) -> None:
    (features,) = pipeline("feature-extraction", model=str(tagger), device="cpu")([sentences[0]], return_tensors=True)
    tokenizer = AutoTokenizer.from_pretrained(tagger)
    model = CharBertModel.from_pretrained(tagger)
    with torch.no_grad():
        states = model(**tokenizer(sentences[0], return_tensors="pt")).token_states
    assert torch.allclose(features, states, atol=1e-5)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory, uncased_tokenizer: Any, char_vocab: Any) -> Path:
    """A pretrained CharBERT with both heads."""
    folder = tmp_path_factory.mktemp("pretrained")
    torch.manual_seed(3)
    trunk = BertConfig(vocab_size=len(uncased_tokenizer), max_position_embeddings=64, initializer_range=0.3, **SIZES)
    settings = {"char_vocab": char_vocab.to_dict(), "char_embedding_size": 8, "nlm_vocab_size": 20}
    model = CharBertForPreTraining.from_trunk(trunk, **settings)
    torch.nn.init.normal_(model.mlm_head.bias)
    model.save_pretrained(folder)
    CharBertTokenizer(uncased_tokenizer, char_vocab).save_pretrained(folder)
    return folder


def test_a_pretrained_model_fills_the_mask_with_the_scores_of_its_head(pretrained: Path) -> None:
    text = "The old [MASK] keeper counted seven ships."
    found = pipeline("fill-mask", model=str(pretrained), device="cpu", top_k=3)(text)
    model, tokenizer = CharBertForPreTraining.from_pretrained(pretrained), AutoTokenizer.from_pretrained(pretrained)
    inputs = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        logits = model(**inputs).mlm_logits[inputs["input_ids"] == tokenizer.mask_token_id][0]
    best = logits.softmax(-1).topk(3)
    assert [row["token"] for row in found] == best.indices.tolist()
    assert [row["score"] for row in found] == pytest.approx(best.values.tolist(), abs=1e-5)


def test_the_masked_language_model_is_the_pretraining_models_mlm(pretrained: Path, sentences: tuple[str, ...]) -> None:
    model, report = CharBertForMaskedLM.from_pretrained(pretrained, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    both, tokenizer = CharBertForPreTraining.from_pretrained(pretrained), AutoTokenizer.from_pretrained(pretrained)
    inputs = tokenizer(list(sentences), padding=True, return_tensors="pt")
    labels = torch.where(torch.rand(inputs["input_ids"].shape) < 0.2, inputs["input_ids"], -100)
    output = model.eval()(**inputs, labels=labels)
    assert output.loss.item() == pytest.approx(both.eval()(**inputs, mlm_labels=labels).mlm_loss.item(), rel=1e-4)
    assert output.logits.shape == (*labels.shape, len(tokenizer))


def test_the_plain_trainer_fine_tunes_and_what_it_saves_is_a_pipeline(
    tagger: Path, sentences: tuple[str, ...], tmp_path: Path
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tagger)
    model = AutoModelForTokenClassification.from_pretrained(tagger, num_labels=2, ignore_mismatched_sizes=True)
    words = [sentence.split() for sentence in sentences]
    rows = Dataset.from_dict({"words": words, "tags": [[int(word[:1].isupper()) for word in row] for row in words]})

    def encode(batch: dict[str, Any]) -> Any:
        encoding = tokenizer(batch["words"], is_split_into_words=True, truncation=True, max_length=48)
        encoding["labels"] = [
            [-100 if word is None else tags[word] for word in encoding.word_ids(row)]
            for row, tags in enumerate(batch["tags"])
        ]
        return encoding

    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            str(tmp_path), max_steps=60, learning_rate=1e-2, per_device_train_batch_size=8, report_to="none",
            use_cpu=True, save_strategy="no", disable_tqdm=True,
        ),
        train_dataset=rows.map(encode, batched=True, remove_columns=["words", "tags"]),
        data_collator=DataCollatorForTokenClassification(tokenizer),
        processing_class=tokenizer,
    )  # fmt: skip
    before = trainer.evaluate(trainer.train_dataset)["eval_loss"]
    trainer.train()
    assert trainer.evaluate(trainer.train_dataset)["eval_loss"] < 0.8 * before
    trainer.save_model(str(tmp_path / "mine"))
    found = pipeline("token-classification", model=str(tmp_path / "mine"), device="cpu")("Nobody answered.")
    assert all({"score", "word", "start", "end"} <= row.keys() for row in found) and found

"""What all predictors have in common: loading, checking, stopping."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charbert.deploy.predict.predictor import INPUTS_AT_ONCE, Predictor
from charbert.deploy.predict.usage import USAGE_FILE, write_usage
from charbert.errors import CheckpointError, DataError, SettingsError
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.head import Usage
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (7, r"inputs\[0\]: expected a text or an object with text or words, got int"),
        ({"txt": "a"}, r"expected the fields text or words, got the fields txt"),
        ({}, r"got the fields \(none\)"),
        ({"text": None}, r"expected a text in the field text, got null"),
        ({"text": ["a"]}, r"expected a text in the field text, got list"),
        ({"words": "a b"}, r"expected a list of words in the field words, got str"),
        ({"words": ["a", 7]}, r"expected words that are texts in the field words, got int"),
        ({"words": ["a"], "text": "b"}, r"expected a text or its words, got both"),
    ],
)
def test_an_input_that_does_not_fit_is_named(tagger: Path, given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Predictor.load(tagger).predict([given])


@pytest.mark.parametrize("given", ["Seven ships", {"text": "Seven ships"}, np.array([["Seven ships"]])])
def test_one_input_in_the_place_of_a_list_is_refused(tagger: Path, given: Any) -> None:
    with pytest.raises(DataError, match=rf"expected a list of texts or mappings, got one {type(given).__name__}"):
        Predictor.load(tagger).predict(given)


def test_a_text_alone_is_refused_as_a_question(reader: Path) -> None:
    with pytest.raises(DataError, match="expected the fields question, context, got a text alone"):
        Predictor.load(reader).predict(["How many ships?"])


def test_all_inputs_are_checked_before_the_first_is_predicted(tagger: Path) -> None:
    calls = []
    with pytest.raises(DataError, match=rf"inputs\[{INPUTS_AT_ONCE + 1}\]"):
        Predictor.load(tagger).predict(["a"] * (INPUTS_AT_ONCE + 1) + [7], check=lambda: calls.append(1))
    assert not calls


def test_a_check_can_stop_prediction_between_batches(tagger: Path) -> None:
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        Predictor.load(tagger, batch_size=1).predict(["a"] * 9, check=check)
    assert len(calls) == 3


def test_no_input_gives_no_output(tagger: Path, classifier: Path, reader: Path) -> None:
    assert [Predictor.load(folder).predict([]) for folder in (tagger, classifier, reader)] == [[], [], []]


def test_the_folder_of_a_run_loads_its_model(tagger: Path) -> None:
    assert Predictor.load(tagger.parent).predict(["Kraków"]) == Predictor.load(tagger).predict(["Kraków"])


def test_a_folder_without_usage_has_the_head_of_its_configuration(tagger: Path, tmp_path: Path) -> None:
    shutil.copytree(tagger, tmp_path / "model")
    (tmp_path / "model" / USAGE_FILE).unlink()
    predictor = Predictor.load(tmp_path)
    assert predictor.head == "token_classification"
    assert predictor.usage.max_length == 64  # the positions of its trunk, fewer than the default of fine-tuning
    assert predictor.predict(["Kraków"]) == Predictor.load(tagger).predict(["Kraków"])


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 9}', '{"version": 1, "head": "none", "max_length": 9}'])
def test_a_damaged_usage_is_refused(tagger: Path, tmp_path: Path, content: str) -> None:
    shutil.copytree(tagger, tmp_path / "model")
    (tmp_path / "model" / USAGE_FILE).write_text(content)
    with pytest.raises(CheckpointError, match=USAGE_FILE):
        Predictor.load(tmp_path)


def test_a_folder_without_a_fine_tuned_model_is_refused(tagger: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="got no such folder"):
        Predictor.load(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"got a folder without config\.json"):
        Predictor.load(tmp_path)
    shutil.copytree(tagger, tmp_path / "model")
    (tmp_path / "model" / USAGE_FILE).unlink()
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(config | {"architectures": ["CharBertForPreTraining"]}))
    with pytest.raises(CheckpointError, match="got CharBertForPreTraining; fine-tune it first"):
        Predictor.load(tmp_path)


def test_a_model_without_its_corrector_is_refused(save_model) -> None:
    with pytest.raises(CheckpointError, match=r"expected charbert_dictionary\.json or word_recognizer, .* got neither"):
        Predictor.load(save_model("token_classification", corrected=True))


def test_a_length_beyond_the_positions_of_the_trunk_is_refused(tagger: Path, tmp_path: Path) -> None:
    shutil.copytree(tagger, tmp_path / "model")
    write_usage(tmp_path / "model", Usage(head="token_classification", max_length=512))
    with pytest.raises(SettingsError, match="at most 64 subwords"):
        Predictor.load(tmp_path)
    for length in (8, 32):
        assert Predictor.load(tmp_path, max_length=length).usage.max_length == length


def test_a_model_behind_a_dictionary_reads_corrected_words_and_answers_for_the_given_text(save_model) -> None:
    counts = {"seven": 9, "ships": 9, "counted": 9}
    for head, clean, typos in [
        ("token_classification", "Seven ships counted", "Sveen sihps coutned"),
        ("sequence_classification", "Seven ships counted", "Sveen sihps coutned"),
        (
            "question_answering",
            {"question": "Seven ships?", "context": "Sveen sihps"},
            {"question": "Sveen sihps?", "context": "Sveen sihps"},
        ),
    ]:
        folder = save_model(head, corrected=True)
        tokenizer = CharBertTokenizer.from_pretrained(folder)
        corrector = DictionaryCorrector(counts, DictionaryRules())
        if head == "sequence_classification":  # as an earlier version saved it: beside the tokenizer
            corrector.save(folder)
        else:
            tokenizer.correct_by(corrector, "first" if head == "question_answering" else "both")
            tokenizer.save_pretrained(folder)
        predictor = Predictor.load(folder)
        assert predictor.processor.repair is None  # or words would be corrected twice
        (of_clean,), (of_typos,) = predictor.predict([clean]), predictor.predict([typos])
        if head == "token_classification":
            assert [(span.type, span.score, span.start) for span in of_clean.spans] == [
                (span.type, span.score, span.start) for span in of_typos.spans
            ]
            assert all(span.text == typos[span.start : span.end] for span in of_typos.spans)
        else:
            assert of_clean == of_typos


def test_a_tokenizer_that_corrects_for_the_token_channel_alone_goes_on_doing_so(save_model) -> None:
    folder = save_model("token_classification")
    tokenizer = CharBertTokenizer.from_pretrained(folder)
    tokenizer.correct_by(DictionaryCorrector({"seven": 9, "ships": 9}, DictionaryRules()), "token")
    tokenizer.save_pretrained(folder)
    predictor = Predictor.load(folder)
    read, clean = (predictor.processor(text)["input_ids"] for text in ("Sveen sihps", "Seven ships"))
    assert read == clean and predictor._reader.corrector is None


@pytest.mark.parametrize(
    ("options", "message"),
    [({"batch_size": 0}, "batch_size"), ({"max_length": 4}, "max_length must be at least 8"),
     ({"max_length": 65}, "at most 64 subwords, what the trunk reads at once, got 65")],
)  # fmt: skip
def test_settings_out_of_range_are_refused(tagger: Path, options: dict[str, int], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Predictor.load(tagger, **options)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["tagger", "plain_tagger", "classifier", "reader"])
def test_an_exported_model_predicts_as_the_original(
    request: pytest.FixtureRequest, tmp_path: Path, model: str, sentences: tuple[str, ...]
) -> None:
    pytest.importorskip("onnxruntime")
    from charbert.deploy.onnx.export import export_model

    folder = request.getfixturevalue(model)
    export_model(folder, tmp_path / "onnx")
    inputs: list[Any] = list(sentences)
    if model == "reader":
        inputs = [{"question": sentence, "context": " ".join(sentences)} for sentence in sentences]
    original, exported = Predictor.load(folder), Predictor.load(tmp_path / "onnx")
    assert (exported.usage, exported.labels, exported.word_encoder()) == (original.usage, original.labels, None)
    for expected, output in zip(original.predict(inputs), exported.predict(inputs), strict=True):
        assert _rounded(output) == pytest.approx(_rounded(expected), abs=1e-3)


def _rounded(output: Any) -> dict[str, Any]:
    """The numbers and names of an output, flat."""
    if hasattr(output, "spans"):
        return {f"{span.type} {span.start} {span.end}": span.score for span in output.spans}
    if hasattr(output, "answer"):
        return {f"{output.start} {output.end} {output.answer}": output.score}
    return dict(output.probabilities)


def test_an_exported_model_stays_on_the_cpu(exported_tagger: Path) -> None:
    with pytest.raises(SettingsError, match=r"device must be cpu for .* an exported model, got cuda"):
        Predictor.load(exported_tagger, device="cuda")

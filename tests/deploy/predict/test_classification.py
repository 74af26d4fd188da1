"""Labels of raw texts and pairs."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from charbert.deploy.predict.predictor import Predictor
from charbert.errors import CheckpointError, DataError
from charbert.model import CharBertForSequenceClassification
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.classification.reader import LabelReader
from charbert.tasks.head import TextInput

LONG = " ".join(f"{number} ships and {97 * number % 89} counters," for number in range(60))


@pytest.fixture(scope="module")
def predictor(classifier: Path) -> Predictor:
    return Predictor.load(classifier, max_length=64)


def test_probabilities_are_the_softmax_of_the_model(predictor: Predictor, sentences: tuple[str, ...]) -> None:
    model = CharBertForSequenceClassification.from_pretrained(predictor_folder(predictor)).eval()
    for sentence, output in zip(sentences, predictor.predict(sentences), strict=True):
        inputs = predictor.processor([sentence], return_tensors="pt")
        with torch.no_grad():
            expected = model(**inputs).logits.softmax(-1)[0].tolist()
        assert list(output.probabilities) == ["bad", "fine", "good"]
        assert list(output.probabilities.values()) == pytest.approx(expected, abs=1e-5)
        assert output.probability == max(output.probabilities.values()) == output.probabilities[output.label]
        assert output.windows == 1
    assert len({round(output.probability, 4) for output in predictor.predict(sentences)}) == len(sentences)


def predictor_folder(predictor: Predictor) -> str:
    return str(predictor.backend.model.name_or_path)  # type: ignore[attr-defined]


def test_a_long_text_gets_the_mean_of_its_windows_logits(predictor: Predictor) -> None:
    reader = LabelReader(predictor.processor, predictor.labels, predictor.usage)
    encoded = reader.encode([TextInput(LONG)])
    assert len(encoded.features) > 5
    assert all(len(feature["input_ids"]) <= 64 for feature in encoded.features)
    mean = np.mean(predictor._run(encoded.features, None), axis=0)
    (output,) = predictor.predict([LONG])
    assert output.windows == len(encoded.features)
    assert list(output.probabilities.values()) == pytest.approx(torch.tensor(mean).softmax(-1).tolist(), abs=1e-5)


@pytest.mark.parametrize("texts", [("Seven ships?", LONG), (LONG, "Seven ships?"), (LONG, LONG[::-1])])
def test_every_subword_of_the_longer_text_of_a_pair_is_in_a_window(
    predictor: Predictor, texts: tuple[str, str]
) -> None:
    encoded = LabelReader(predictor.processor, predictor.labels, predictor.usage).encode([TextInput(*texts)])
    assert all(len(feature["input_ids"]) <= 64 for feature in encoded.features)
    longer = 0 if len(texts[0]) > len(texts[1]) else 1
    seen = [_part(predictor.processor, feature, longer) for feature in encoded.features]
    whole = predictor.processor([texts[longer]], add_special_tokens=False)["input_ids"][0]
    shorter = [_part(predictor.processor, feature, 1 - longer) for feature in encoded.features]
    assert all(part == shorter[0] and part for part in shorter)
    overlap = (64 - 3 - len(shorter[0])) // 4
    assert overlap and seen[0] + [subword for part in seen[1:] for subword in part[overlap:]] == whole


def _part(processor: CharBertTokenizer, feature: dict[str, list[int]], segment: int) -> list[int]:
    special = set(processor.all_special_ids) - {processor.unk_token_id}
    rows = zip(feature["input_ids"], feature["token_type_ids"], strict=True)
    return [subword for subword, kind in rows if kind == segment and subword not in special]


def test_pairs_and_single_texts_may_be_mixed_where_the_model_does_not_say(predictor: Predictor) -> None:
    mixed = [{"text": "Seven ships"}, {"text": "Seven ships", "text_pair": "before breakfast"}, "Seven ships", LONG]
    outputs = predictor.predict(mixed)
    assert outputs[0].probabilities == pytest.approx(outputs[2].probabilities, abs=1e-5)
    assert outputs[0].probabilities != pytest.approx(outputs[1].probabilities, abs=1e-5)
    assert list(predictor.predict(mixed[1:2])[0].probabilities.values()) == pytest.approx(
        list(outputs[1].probabilities.values()), abs=1e-5
    )


def test_a_model_of_pairs_refuses_a_single_text(save_model) -> None:
    predictor = Predictor.load(save_model("sequence_classification", pairs=True))
    with pytest.raises(DataError, match=r"inputs\[1\]: expected a pair of texts, got one text; give"):
        predictor.predict([{"text": "a", "text_pair": "b"}, "a"])


def test_a_model_of_single_texts_refuses_a_pair(save_model) -> None:
    predictor = Predictor.load(save_model("sequence_classification", pairs=False))
    assert predictor.predict([{"text": "a", "text_pair": None}]) == predictor.predict(["a"])
    with pytest.raises(DataError, match=r"inputs\[0\]: expected one text, got a pair of texts; leave text_pair out"):
        predictor.predict([{"text": "a", "text_pair": "b"}])


@pytest.mark.parametrize("problem", ["regression", "multi_label_classification"])
def test_a_model_of_numbers_or_of_several_labels_is_refused(problem: str, classifier: Path, tmp_path: Path) -> None:
    model = CharBertForSequenceClassification.from_pretrained(classifier)
    model.config.problem_type = problem  # as the first labels of a training with the Trainer set it
    model.save_pretrained(tmp_path)
    CharBertTokenizer.from_pretrained(classifier).save_pretrained(tmp_path)
    with pytest.raises(
        CheckpointError, match=f"expected a model that gives each text one label .* got one for {problem}"
    ):
        Predictor.load(tmp_path)


def test_labels_go_by_their_numbers_in_any_order_of_the_file(classifier: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(classifier, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = dict(reversed(config["id2label"].items()))
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    given = Predictor.load(classifier).predict(["a"])
    assert Predictor.load(folder).predict(["a"]) == given

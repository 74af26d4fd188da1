"""What the demo page shows of an input before and after noise."""

import pytest

from charbert.deploy.predict.predictor import Predictor
from charbert.deploy.serving.demonstration import Demonstrator
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules


def test_typos_that_are_corrected_before_the_model_reads_them_move_nothing(save_model) -> None:
    folder = save_model("token_classification", corrected=True)
    DictionaryCorrector({"seven": 9, "ships": 9, "counted": 9}, DictionaryRules()).save(folder)
    shown = Demonstrator({"model": Predictor.load(folder)}).show({"text": "Seven ships counted"}, 1.0, 3, lambda: None)
    assert all(word.edit for word in shown.words)
    assert shown.models[0].sensitivities == pytest.approx([0.0] * 3, abs=1e-6)

"""What reads a model that is on a GPU, which is pretended: see `tests.accelerator`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from charbert.analysis.char_channel import measure_char_channel
from charbert.config.calibration import MaskedUnit
from charbert.evaluation.nlm_correction import NoisyWordScorer
from charbert.evaluation.perplexity import MaskedLanguageScorer, noisy_word_scores
from charbert.evaluation.word_states import WordEncoder
from charbert.text.char_vocab import CharVocab
from tests.accelerator import PretendedGpu
from tests.evaluation.test_perplexity import TEXTS, WORDS, built

SENTENCES = [["The", "old", "keeper"], ["Nobody"]]
READERS: dict[str, Callable[[Any, Any], Any]] = {
    "states of words": lambda model, processor: [
        each.of("concat") for each in WordEncoder(model.charbert, processor, max_length=24)(SENTENCES)
    ],
    "noisy channel": lambda model, processor: NoisyWordScorer(model, processor, WORDS)(
        SENTENCES, [[["the", "ships"], [], ["keeper"]], [[]]]
    )[0],
    "perplexity": lambda model, processor: [
        MaskedLanguageScorer(model, processor, max_length=64, unit=MaskedUnit.word, batch_size=3).losses(text).losses
        for text in TEXTS
    ],
    "noised words": lambda model, processor: (
        noisy_word_scores(
            *(model, processor, WORDS, TEXTS, TEXTS, [np.ones(len(text.spans), dtype=bool) for text in TEXTS]),
            max_length=64,
            batch_size=2,
        ).loss
    ),
    "char channel": lambda model, processor: measure_char_channel(
        model.charbert, processor, [text.text for text in TEXTS], np.random.default_rng(0), max_length=24
    ),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_model_on_a_gpu_is_read_as_on_the_cpu(
    reader: str, wordpiece_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> None:
    model, processor = built(wordpiece_tokenizer, char_vocab)
    expected = READERS[reader](model, processor)
    gpu = PretendedGpu()
    gpu.put(model)
    with gpu:
        found = READERS[reader](model, processor)
    np.testing.assert_allclose(_flat(found), _flat(expected), rtol=1e-4, atol=1e-5)


def _flat(values: Any) -> np.ndarray:
    return np.concatenate([np.ravel(part) for part in values]) if isinstance(values, list) else np.ravel(values)

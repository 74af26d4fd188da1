"""A word recognizer as a corrector: each word of a sentence is replaced by a corrected one."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch

from charbert.errors import CheckpointError, SettingsError, first_line
from charbert.files import write_atomically
from charbert.model.word_recognizer.network import WordRecognizer
from charbert.serialization import parse_strictly
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import has_dotless_i, looked_up
from charbert.text.repair.correction import match_case
from charbert.text.semi_characters import encode_semi_characters

BACKOFFS = ("pass_through", "neutral", "background")
NEUTRAL_WORD = "a"
RECOGNIZER_FOLDER = "word_recognizer"
"""Below a model's folder: the recognizer in front of it."""
_BACKGROUND, _RULES_FILE = "background", "rules.json"


class WordCorrector:
    """Replaces each word by the most likely one according to a recognizer.

    Source: Pruthi et al. (2019), Sec. 3.2. Where the recognizer predicts an unknown word, a back-off decides:
    "pass_through" keeps the word, "neutral" gives "a", "background" uses a second recognizer, trained on a larger
    corpus, and keeps the word if that one predicts an unknown word too.
    Departure: with ``keep_case`` a word that is recognized as itself is unchanged, and a correction takes over the
    word's case (all capitals, or an initial capital). The original lower-cases whole lines, which removes what a cased
    model needs most to find names; ``keep_case=False`` does the same.

    Args:
        backoff: one of ``BACKOFFS``.
        background: the second recognizer; needed for "background" and for nothing else.
        keep_case: whether case is kept.
        max_batch_words: words in a forward pass, padding included; bounds the memory of the softmax.

    Raises:
        SettingsError: if the back-off is unknown or does not fit ``background``.
    """

    def __init__(
        self,
        recognizer: WordRecognizer,
        *,
        backoff: str = "pass_through",
        background: WordRecognizer | None = None,
        keep_case: bool = True,
        max_batch_words: int = 2048,
    ) -> None:
        if backoff not in BACKOFFS:
            raise SettingsError(f"recognizer.backoff must be one of {', '.join(BACKOFFS)}, got {backoff!r}")
        if (backoff == "background") != (background is not None):
            actual = "none" if background is None else "one"
            raise SettingsError(f"recognizer.backoff={backoff} does not fit the background recognizer: got {actual}")
        self._recognizer = recognizer.eval()
        self._background = background.eval() if background is not None else None
        self._backoff = backoff
        self._keep_case = keep_case
        self._dotless = has_dotless_i(dict.fromkeys(recognizer.config.words, 1))
        self._max_batch_words = max_batch_words

    def save(self, folder: Path) -> None:
        """Write the recognizers and the rules below a folder that exists, as `RECOGNIZER_FOLDER`."""
        own = folder / RECOGNIZER_FOLDER
        self._recognizer.save_pretrained(own)
        if self._background is not None:
            self._background.save_pretrained(own / _BACKGROUND)
        rules = {"backoff": self._backoff, "keep_case": self._keep_case}
        write_atomically(own / _RULES_FILE, json.dumps(rules) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the corrector that `save` wrote.

        Raises:
            CheckpointError: if a file is missing or damaged.
        """
        own = folder / RECOGNIZER_FOLDER
        try:
            rules = parse_strictly((own / _RULES_FILE).read_text(encoding="utf-8"))
            has_background = rules["backoff"] == "background"
            background = WordRecognizer.from_pretrained(own / _BACKGROUND) if has_background else None
            recognizer = WordRecognizer.from_pretrained(own)
            return cls(recognizer, backoff=rules["backoff"], background=background, keep_case=rules["keep_case"])
        except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
            raise CheckpointError(
                f"{own}: expected a word recognizer, got {first_line(error)}; fine-tune the model again"
            ) from None

    def correct_many(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the words of each sentence corrected; the result does not depend on batching. Empty words stay."""
        corrected = map(iter, self._correct([[word for word in words if word] for words in sentences]))
        pairs = zip(sentences, corrected, strict=True)
        return [[next(new) if word else word for word in words] for words, new in pairs]

    def _correct(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the words of each sentence, none of them empty, corrected."""
        known = recognize_words(self._recognizer, sentences, self._max_batch_words)
        if self._background is not None:
            # only sentences with words unknown to the first recognizer need the second one
            open_rows = [row for row, guesses in enumerate(known) if None in guesses]
            chosen = [sentences[row] for row in open_rows]
            second = recognize_words(self._background, chosen, self._max_batch_words)
            for row, guesses in zip(open_rows, second, strict=True):
                known[row] = [b if a is None else a for a, b in zip(known[row], guesses, strict=True)]
        return [
            [self._settle(word, guess) for word, guess in zip(words, guesses, strict=True)]
            for words, guesses in zip(sentences, known, strict=True)
        ]

    def _settle(self, word: str, guess: str | None) -> str:
        if guess is None:
            guess = NEUTRAL_WORD if self._backoff == "neutral" else looked_up(word, dotless=self._dotless)
        return match_case(guess, word, dotless=self._dotless) if self._keep_case else guess


def recognize_words(
    recognizer: WordRecognizer, sentences: Sequence[Sequence[str]], max_batch_words: int = 2048
) -> list[list[str | None]]:
    """Return the most likely word for each word of each sentence, None for an unknown word.

    Args:
        recognizer: the model, in evaluation mode.
        sentences: words of each; a sentence may be empty.
        max_batch_words: words in a forward pass, padding included; a longer sentence is one batch.

    Raises:
        DataError: if a word is empty.
    """
    char_vocab = CharVocab.from_dict(recognizer.config.char_vocab)
    names = np.array([*recognizer.config.words, None], dtype=object)
    words: list[list[str | None]] = [[] for _ in sentences]
    for rows in _batches([len(words) for words in sentences], max_batch_words):
        predicted = _predict(recognizer, [sentences[row] for row in rows], char_vocab)
        for row, labels in zip(rows, predicted, strict=True):
            words[row] = names[labels[: len(sentences[row])]].tolist()
    return words


def _batches(lengths: Sequence[int], max_words: int) -> Iterator[list[int]]:
    """Yield batches of the rows that are not empty, grouped by length."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if lengths[row] == 0:
            continue
        if batch and lengths[row] * (len(batch) + 1) > max_words:  # the last row is the longest
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


@torch.inference_mode()
def _predict(recognizer: WordRecognizer, sentences: Sequence[Sequence[str]], char_vocab: CharVocab) -> np.ndarray:
    """Return the most likely labels, (B, T), undefined in the padding."""
    lengths = torch.tensor([len(words) for words in sentences])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]  # (B, T)
    encoded = encode_semi_characters([word for words in sentences for word in words], char_vocab)
    inputs = {}
    for name, values in encoded._asdict().items():
        flat = torch.from_numpy(values)
        inputs[name] = flat.new_zeros((*mask.shape, *flat.shape[1:]))
        inputs[name][mask] = flat
    inputs["attention_mask"] = mask.long()
    device = recognizer.device
    logits = recognizer(**{name: tensor.to(device) for name, tensor in inputs.items()}).logits
    return logits.argmax(-1).cpu().numpy()

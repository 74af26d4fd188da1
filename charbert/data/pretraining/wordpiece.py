"""WordPiece vocabularies, trained for a trunk from scratch or read from a file.

The trainer of the tokenizers library breaks ties by hash order, so that two runs on the same text differ in a few
entries. This one is simpler, and the same text gives the same vocabulary on every machine.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertTokenizerFast, PreTrainedTokenizerBase

from charbert.errors import DataError, SettingsError
from charbert.files import read_text

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_LONGEST_PIECE = 6


def train_wordpiece(texts: Iterable[str], vocab_size: int, *, lower_case: bool = False) -> PreTrainedTokenizerBase:
    """Return a BERT tokenizer whose vocabulary is chosen on the texts.

    Args:
        vocab_size: most entries, the five special ones included.
        lower_case: fold case and strip accents, as uncased BERT does.

    Raises:
        SettingsError: if the vocabulary is too small for the characters of the text.
    """
    return wordpiece_of_counts(count_pieces(texts, lower_case=lower_case), vocab_size, lower_case=lower_case)


def count_pieces(texts: Iterable[str], *, lower_case: bool) -> Counter[str]:
    """Return the counts of the words that WordPiece splits into pieces."""
    tokenizer = _empty_tokenizer(lower_case)
    words: Counter[str] = Counter()
    for text in texts:
        split = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))
        words.update(word for word, _ in split)
    return words


def wordpiece_of_counts(words: Counter[str], vocab_size: int, *, lower_case: bool) -> PreTrainedTokenizerBase:
    """Return the tokenizer as `train_wordpiece` does, from the counts of `count_pieces`.

    Raises:
        SettingsError: if the vocabulary is too small for the characters of the text.
    """
    vocabulary = {piece: position for position, piece in enumerate(choose_pieces(words, vocab_size))}
    return _bert_tokenizer(vocabulary, lower_case)


def read_wordpiece(path: Path | str, *, lower_case: bool = False) -> PreTrainedTokenizerBase:
    """Return a BERT tokenizer with the vocabulary of a file, one subword a line, as BERT's are published.

    Args:
        path: the file, in UTF-8.
        lower_case: fold case and strip accents, as uncased BERT does.

    Raises:
        DataError: if the file is missing, not UTF-8, or lacks one of BERT's special subwords.
    """
    lines = read_text(Path(path), "a vocabulary, one subword a line").split("\n")
    vocabulary = {line.rstrip("\r"): position for position, line in enumerate(lines) if line.strip()}
    if missing := [piece for piece in _SPECIAL if piece not in vocabulary]:
        raise DataError.at(
            path,
            None,
            expected=f"a WordPiece vocabulary with {' '.join(_SPECIAL)}",
            found=f"none of {' '.join(missing)}",
            hint="is it the vocabulary of another kind of tokenizer?",
        )
    return _bert_tokenizer(vocabulary, lower_case)


def _empty_tokenizer(lower_case: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece({}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower_case, strip_accents=lower_case)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _bert_tokenizer(vocabulary: dict[str, int], lower_case: bool) -> PreTrainedTokenizerBase:
    tokenizer = _empty_tokenizer(lower_case)
    tokenizer.model = models.WordPiece(vocabulary, unk_token="[UNK]")
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    return BertTokenizerFast(
        tokenizer_object=tokenizer,
        do_lower_case=lower_case,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def choose_pieces(words: Counter[str], vocab_size: int) -> list[str]:
    """Return special pieces, single characters, then the pieces that save the most subwords over characters.

    A piece of n characters that occurs c times saves c * (n - 1) subwords; ties go in alphabetical order.
    """
    characters = sorted({character for word in words for character in word})
    fixed = [*_SPECIAL, *characters, *(f"##{character}" for character in characters)]
    if len(fixed) > vocab_size:
        raise SettingsError(
            f"trunk.vocab_size must hold the {len(fixed)} special pieces and characters of the corpus, got {vocab_size}"
        )
    saved: Counter[str] = Counter()
    for word, count in words.items():
        for piece, length in _pieces(word):
            saved[piece] += count * (length - 1)
    ranked = sorted(saved, key=lambda piece: (-saved[piece], piece))
    return fixed + ranked[: vocab_size - len(fixed)]


def _pieces(word: str) -> Iterator[tuple[str, int]]:
    """Yield the whole word, its beginnings, and its later parts up to a bounded length."""
    if len(word) > 1:
        yield word, len(word)
    for end in range(2, min(len(word), _LONGEST_PIECE + 1)):
        yield word[:end], end
    for start in range(1, len(word)):
        for end in range(start + 2, min(len(word), start + _LONGEST_PIECE) + 1):
            yield "##" + word[start:end], end - start

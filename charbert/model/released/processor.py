"""The processor of the authors' checkpoints, from the vocabulary files beside their weights."""

from pathlib import Path

from transformers import BertTokenizerFast, PreTrainedTokenizerBase, RobertaTokenizerFast

from charbert.errors import CheckpointError
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab


def load_released_processor(
    folder: Path | str, char_vocab_file: Path | str, script: str, *, row_length: int | None = None
) -> CharBertTokenizer:
    """Return the processor of a released checkpoint.

    Released code: its vocabularies are cased, but the checkpoint has no tokenizer settings, and a BERT tokenizer
    lower-cases by default.

    Args:
        folder: of the checkpoint; ``vocab.txt`` makes a BERT, ``vocab.json`` and ``merges.txt`` a RoBERTa tokenizer.
        char_vocab_file: the authors' character vocabulary, see `CharVocab.read_released`.
        script: whose inputs: "pretrain", "ner", "glue" or "squad".
        row_length: positions T of every row, the script's maximal length; see `CharBertTokenizer`.

    Raises:
        CheckpointError: if the folder has the files of neither tokenizer.
        DataError: if the character vocabulary is missing or has another layout.
    """
    vocab = CharVocab.read_released(char_vocab_file)
    return CharBertTokenizer(_read_tokenizer(Path(folder)), vocab, "released", script, row_length)


def _read_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    if (folder / "vocab.txt").is_file():
        return BertTokenizerFast.from_pretrained(str(folder), do_lower_case=False)
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        # sentences given as words need the space before the first word
        return RobertaTokenizerFast.from_pretrained(str(folder), add_prefix_space=True)
    raise CheckpointError(
        f"{folder}: expected vocab.txt (BERT) or vocab.json and merges.txt (RoBERTa) beside the weights, got neither; "
        "download the whole repository of the checkpoint"
    )

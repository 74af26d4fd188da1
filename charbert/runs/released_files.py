"""Which files a checkpoint made elsewhere consists of, and what identifies them; imports no torch."""

from pathlib import Path

from charbert.config.model.encoder import ModelSettings
from charbert.errors import CheckpointError
from charbert.records import file_checksum
from charbert.text.repair.repaired import REPAIR_FILE

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""In the order in which `charbert.model.released.weights` looks for them."""
_SAVED = ("config.json", "model.safetensors", "tokenizer.json", "char_vocab.json")
_TOKENIZER = ("vocab.txt", "vocab.json", "merges.txt")


def released_identity(model: ModelSettings) -> dict[str, str]:
    """Return the SHA-256 of every file that a released encoder is read from, wherever they are.

    Raises:
        CheckpointError: if the checkpoint or the character vocabulary is not there.
    """
    folder = Path(model.released)
    weights = [folder / name for name in _WEIGHTS if (folder / name).is_file()]
    if not weights or not (folder / "config.json").is_file():
        raise CheckpointError(
            f"model.released={folder}: expected config.json and {' or '.join(_WEIGHTS)}, found no such checkpoint; "
            "download imvladikon/charbert-bert-wiki or charbert-roberta-wiki from the hub into it"
        )
    characters = Path(model.released_char_vocab)
    if not characters.is_file():
        raise CheckpointError(
            f"model.released_char_vocab={characters}: no such file; it is data/dict/bert_char_vocab or "
            "roberta_char_vocab of the authors' repository"
        )
    vocabularies = [folder / name for name in _TOKENIZER if (folder / name).is_file()]
    return {
        "weights": file_checksum(weights[0]),
        "config": file_checksum(folder / "config.json"),
        "char_vocab": file_checksum(characters),
        **{path.name: file_checksum(path) for path in vocabularies},
    }


def pretrained_identity(model: ModelSettings) -> dict[str, str]:
    """Return the SHA-256 of every file of a saved encoder and its tokenizer, wherever they are.

    Raises:
        CheckpointError: if a file that every such folder has is missing.
    """
    folder = Path(model.pretrained)
    missing = [name for name in _SAVED if not (folder / name).is_file()]
    if missing:
        hint = "; save both into it"
        if not folder.is_absolute():
            hint = f", sought in {Path.cwd()}; models/charbert-minilm is in the root of the checkout"
        raise CheckpointError(
            f"model.pretrained={folder}: expected a folder that save_pretrained of an encoder and of its tokenizer "
            f"wrote, found no {', '.join(missing)}{hint}"
        )
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".json", ".safetensors", ".txt")]
    return {path.name: file_checksum(path) for path in files}


def words_identity(model: ModelSettings) -> str:
    """Return the SHA-256 of the dictionary that ``model.dictionary.words`` names.

    Raises:
        CheckpointError: if the folder has none.
    """
    path = Path(model.dictionary.words) / REPAIR_FILE
    if not path.is_file():
        raise CheckpointError(
            f"model.dictionary.words={path.parent}: expected the folder of a model saved behind a dictionary, found no "
            f"{REPAIR_FILE} in it; models/charbert-minilm-ner has one"
        )
    return file_checksum(path)

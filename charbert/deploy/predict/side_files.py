"""What fine-tuning saved beside a model's weights: its tokenizer, and the corrector in front of it."""

import shutil
from pathlib import Path

from charbert.deploy.predict.usage import USAGE_FILE
from charbert.errors import CheckpointError
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.word_recognizer.correction import RECOGNIZER_FOLDER, WordCorrector
from charbert.tasks.head import Usage
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.repaired import REPAIR_FILE, Corrector


def load_processor(folder: Path, usage: Usage) -> tuple[CharBertTokenizer, Corrector | None]:
    """Return the tokenizer of the model in a folder, and what corrects texts before it, None where nothing does.

    A corrector of both channels is taken out of the tokenizer, which holds it for the classes of ``transformers``:
    words would be corrected twice.

    Raises:
        CheckpointError: if a file is missing or damaged, or the model was fine-tuned behind a corrector that the folder
            does not hold.
    """
    processor = CharBertTokenizer.from_pretrained(folder)
    if not usage.corrected:
        return processor, None
    corrector = processor.repair or saved_corrector(folder)  # earlier versions saved the tokenizer without it
    if corrector is None:
        raise CheckpointError(
            f"{folder}: expected {REPAIR_FILE} or {RECOGNIZER_FOLDER}, since the model was fine-tuned behind a "
            "corrector, got neither; fine-tune it again"
        )
    processor.repair = None
    return processor, corrector


def saved_corrector(folder: Path) -> Corrector | None:
    """Return the dictionary or the word recognizer that was saved beside a model, None where there is neither.

    Raises:
        CheckpointError: if it is damaged.
    """
    if (folder / REPAIR_FILE).is_file():
        return DictionaryCorrector.load(folder)
    return WordCorrector.load(folder) if (folder / RECOGNIZER_FOLDER).is_dir() else None


def copy_usage(source: Path, target: Path) -> None:
    """Copy the usage of a model, and what corrects its words, from its folder to another, where there are such."""
    for name in (USAGE_FILE, REPAIR_FILE):
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    if (source / RECOGNIZER_FOLDER).is_dir():
        shutil.copytree(source / RECOGNIZER_FOLDER, target / RECOGNIZER_FOLDER)

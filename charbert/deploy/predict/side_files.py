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
    corrector = processor.repair
    processor.repair = None
    return processor, corrector or _load_corrector(folder)


def _load_corrector(folder: Path) -> Corrector:
    if (folder / REPAIR_FILE).exists():  # beside a tokenizer that was saved without it, by an earlier version
        return DictionaryCorrector.load(folder)
    if (folder / RECOGNIZER_FOLDER).is_dir():
        return WordCorrector.load(folder)
    raise CheckpointError(
        f"{folder}: expected {REPAIR_FILE} or {RECOGNIZER_FOLDER}, since the model was fine-tuned behind a "
        "corrector, got neither; fine-tune it again"
    )


def copy_usage(source: Path, target: Path) -> None:
    """Copy the usage of a model, and what corrects its words, from its folder to another, where there are such."""
    for name in (USAGE_FILE, REPAIR_FILE):
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    if (source / RECOGNIZER_FOLDER).is_dir():
        shutil.copytree(source / RECOGNIZER_FOLDER, target / RECOGNIZER_FOLDER)

"""The corrector that fine-tuning saved with a model, and copies of what it saved beside the weights."""

import shutil
from pathlib import Path

from charbert.deploy.predict.usage import USAGE_FILE
from charbert.errors import CheckpointError
from charbert.model.word_recognizer.correction import RECOGNIZER_FOLDER, WordCorrector
from charbert.tasks.head import Usage
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.repaired import REPAIR_FILE, Corrector


def load_corrector(folder: Path, usage: Usage) -> Corrector | None:
    """Return what corrects the words that the model in a folder reads, None where nothing does.

    Raises:
        CheckpointError: if the model was fine-tuned behind a corrector that the folder does not hold, or that is
            damaged.
    """
    if not usage.corrected:
        return None
    if (folder / REPAIR_FILE).exists():
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

"""Atomic checkpoints: written under another name, with checksums, then renamed.

The Trainer writes a checkpoint in place, so a kill can leave an incomplete one under the name of a complete one.
"""

import logging
import pickle
import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import Trainer
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, get_last_checkpoint, rotate_checkpoints

from charbert.errors import CheckpointError, RecordError, first_line
from charbert.files import rename_folder, sync_folder
from charbert.integrity import find_damage, record_checksums

log = logging.getLogger(__name__)

_DRAFTS, _DAMAGED = ".writing", ".damaged"


def newest_checkpoint(folder: Path) -> str | None:
    """Return the newest undamaged checkpoint of a run, None if there is none.

    Damaged ones are reported and moved to a subfolder.
    """
    shutil.rmtree(folder / _DRAFTS, ignore_errors=True)
    while folder.is_dir() and (newest := get_last_checkpoint(str(folder))) is not None:
        checkpoint = Path(newest)
        damage = find_damage(checkpoint)
        if damage is None:
            return newest
        log.warning("%s is damaged (%s); going back to the one before", checkpoint, damage)
        aside = folder / _DAMAGED / checkpoint.name
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(exist_ok=True)
        checkpoint.rename(aside)
    return None


class AtomicCheckpointTrainer(Trainer):
    """Trainer whose checkpoints appear in one step, after all their files and checksums were written."""

    _drafts: Path | None = None

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Train as the library does.

        Raises:
            CheckpointError: if a file of the checkpoint holds more than tensors and numbers. A pickle can run any code,
                so nothing of it is loaded.
        """
        try:
            return super().train(*args, **kwargs)
        except pickle.UnpicklingError as error:
            raise CheckpointError(
                f"{self.args.output_dir}: expected checkpoints of tensors and numbers alone, got a file with other "
                f"objects ({first_line(error)}); who wrote it? Delete it to continue from the one before"
            ) from error

    def locate_best(self) -> Path | None:
        """Set the path of the best checkpoint by its step in this run's folder, and return it; None if there is none.

        The path in a saved state is never used: the folder may have been moved or copied since.
        """
        best = self.state.best_global_step
        path = Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{best}" if best else None
        self.state.best_model_checkpoint = None if path is None else str(path)
        return path

    def check_best(self) -> None:
        """Check that the best checkpoint is whole.

        Raises:
            CheckpointError: if it is missing or damaged; without it the weights of the last step would be kept.
        """
        path = self.locate_best()
        damage = None if path is None else find_damage(path) if path.is_dir() else "no such folder"
        if damage is not None:
            raise CheckpointError(
                f"{path}: expected the best checkpoint so far, got {damage}; put it back, or delete "
                f"{self.args.output_dir} to train again from the first step"
            )

    def _load_best_model(self) -> None:
        self.check_best()
        super()._load_best_model()

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._drafts) if self._drafts is not None else super()._get_output_dir(trial)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(self.args.output_dir)
        name = f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
        self._drafts = folder / _DRAFTS
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as error:  # for a full disk each library has another
            free = shutil.disk_usage(folder).free / 2**20
            shutil.rmtree(folder / _DRAFTS, ignore_errors=True)
            raise RecordError(
                f"{folder / name}: the checkpoint could not be written ({first_line(error)}; {free:.1f} "
                "MB are free); an earlier one is intact. Free space or choose another folder (paths.outputs), then "
                "run the same command again"
            ) from error
        finally:
            self._drafts = None
        self.accelerator.wait_for_everyone()
        self.locate_best()  # every process will load it
        if self.args.should_save:
            draft = folder / _DRAFTS / name
            self.state.save_to_json(str(draft / TRAINER_STATE_NAME))
            record_checksums(draft)
            shutil.rmtree(folder / name, ignore_errors=True)
            sync_folder(draft)
            rename_folder(draft, folder / name)
            rotate_checkpoints(str(folder), self.args.save_total_limit, self.state.best_model_checkpoint)
        self.accelerator.wait_for_everyone()

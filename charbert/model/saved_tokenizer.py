"""A tokenizer with a character vocabulary and a corrector of words, in one folder with tokenizer.json."""

import copy
from pathlib import Path
from typing import Any, Self

from transformers import PreTrainedTokenizerFast

from charbert.errors import CharBertError, CheckpointError, SettingsError, first_line
from charbert.model.loading.tokenizers import EARLIER_SETTINGS, check_fits, earlier_settings, load_repair
from charbert.model.portable import TOKENIZER_MAP, write_code
from charbert.model.trunk import usable_positions
from charbert.text.char_vocab import CharVocab
from charbert.text.repair.repaired import REPAIR_FILE, REPAIRS, Corrector

VOCAB_FILE = "char_vocab.json"


def read_parts(
    options: dict[str, Any], char_vocab: CharVocab | None, repair: Corrector | None
) -> tuple[CharVocab | None, Corrector | None]:
    """Return the given parts of a tokenizer, and those of its folder that are not given.

    Args:
        options: of the tokenizer; what it says of the folder's files is removed from it.
        char_vocab: None: that of the folder, if it has one.
        repair: see ``char_vocab``.

    Raises:
        CheckpointError: if a file is missing or damaged.
    """
    char_vocab_file = options.pop("char_vocab_file", None)
    if options.pop("has_char_vocab", char_vocab_file is not None) and char_vocab is None:
        if char_vocab_file is None:
            raise CheckpointError(f"expected the file {VOCAB_FILE}, which was saved with the tokenizer, found none")
        char_vocab = CharVocab.load(char_vocab_file)
    repair_file = options.pop("repair_file", None)
    if options.pop("has_repair", False) and repair is None:
        repair = load_repair(repair_file)
    return char_vocab, repair


class SavedTokenizer(PreTrainedTokenizerFast):
    """Base of `CharBertTokenizer`: saved and loaded with its character vocabulary and what corrects words."""

    vocab_files_names = {  # noqa: RUF012 (the form that transformers reads)
        "tokenizer_file": "tokenizer.json",
        "char_vocab_file": VOCAB_FILE,
        "repair_file": REPAIR_FILE,
    }
    _auto_map: dict[str, Any] | None = None

    def __init__(self, char_vocab: CharVocab | None, repair: Corrector | None, repairs: str, **options: Any) -> None:
        super().__init__(has_char_vocab=char_vocab is not None, has_repair=repair is not None, **options)
        self.char_vocab = char_vocab
        self.correct_by(repair, repairs)

    @property
    def repair(self) -> Corrector | None:
        """What corrects words before the model reads them; None: nothing."""
        return self._repair

    @repair.setter
    def repair(self, corrector: Corrector | None) -> None:
        self.correct_by(corrector, self.repairs)

    def correct_by(self, corrector: Corrector | None, repairs: str = "token") -> None:
        """Correct words from now on, also after this tokenizer is saved and loaded.

        Args:
            corrector: None: nothing is corrected.
            repairs: one of `charbert.text.repair.repaired.REPAIRS`.

        Raises:
            SettingsError: if it is another one.
        """
        if repairs not in REPAIRS:
            raise SettingsError(f"tokenizer repairs must be one of {list(REPAIRS)}, got {repairs!r}")
        self._repair, self.repairs = corrector, repairs
        saved: dict[str, Any] = self.init_kwargs
        saved["has_repair"] = corrector is not None
        saved.pop("repairs", None)
        if repairs != REPAIRS[0]:
            saved["repairs"] = repairs

    def train_new_from_iterator(self, *args: Any, **kwargs: Any) -> Self:
        """Return one with new subwords, trained as the library does; characters and corrector stay the same."""
        original = copy.copy(self)
        original.init_kwargs = {**self.init_kwargs, "char_vocab": self.char_vocab, "repair": self.repair}
        trained: Self = super(SavedTokenizer, original).train_new_from_iterator(*args, **kwargs)
        return trained

    @classmethod
    def convert_to_native_format(cls, **options: Any) -> dict[str, Any]:
        """Return the options as they are: tokenizer.json is read whole, by any trunk's family."""
        return options

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoTokenizer") -> None:
        """Let tokenizers be saved, and pushed to the hub, with their code, see ``charbert.model.portable``."""
        cls._auto_map = TOKENIZER_MAP

    def _save_pretrained(
        self,
        save_directory: str | Path,
        file_names: tuple[str, ...],
        legacy_format: bool | None = None,
        filename_prefix: str | None = None,
    ) -> tuple[str, ...]:
        """Write tokenizer.json and the character vocabulary; the settings are in tokenizer_config.json by now."""
        if self._auto_map or "auto_map" in self.init_kwargs:
            write_code(save_directory)
        names = super()._save_pretrained(save_directory, file_names, legacy_format, filename_prefix)
        folder, prefix = Path(save_directory), f"{filename_prefix}-" if filename_prefix else ""
        if self.repair is not None:
            self.repair.save(folder)
            names = (*names, str(folder / REPAIR_FILE))
        for name in (EARLIER_SETTINGS, prefix + VOCAB_FILE):
            (folder / name).unlink(missing_ok=True)  # the file of an earlier save would contradict the settings
        if self.char_vocab is None:
            return names
        self.char_vocab.save(folder / (prefix + VOCAB_FILE))
        return (*names, str(folder / (prefix + VOCAB_FILE)))

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, *args: Any, **options: Any) -> Self:
        """Return the tokenizer that ``save_pretrained`` wrote, or a plain trunk's, from a folder or the hub.

        Its ``model_max_length`` is at most the number of subwords that the model beside it in a folder reads.

        Args:
            pretrained_model_name_or_path: folder or hub name.
            *args: as of any tokenizer, like what follows.
            **options: of ``PreTrainedTokenizerFast.from_pretrained``.

        Raises:
            CheckpointError: if a file of the tokenizer is missing or damaged.
        """
        where = str(pretrained_model_name_or_path)
        try:
            tokenizer = super().from_pretrained(where, *args, **(earlier_settings(where, options, cls) | options))
            config = check_fits(tokenizer, Path(where, options.get("subfolder") or ""))
            positions = None if config is None else usable_positions(config)
            if positions is not None:  # pipelines truncate to this length
                tokenizer.model_max_length = min(tokenizer.model_max_length, positions)
            return tokenizer
        except CheckpointError as error:
            raise error if where in str(error) else CheckpointError(f"{where}: {error}") from error
        except CharBertError as error:
            raise CheckpointError(f"{where}: {error}") from error
        except Exception as error:  # a damaged tokenizer.json raises no narrower class
            raise CheckpointError(f"{where}: expected a tokenizer, got {first_line(error)}") from error

"""Text to model inputs: the fields of a fast tokenizer and those of the char channel, in one call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from transformers import PreTrainedTokenizerBase

from charbert.batch import CHAR_INPUTS, TOKEN_INPUTS
from charbert.errors import DataError, SettingsError
from charbert.model.char_spelling import SubwordSpeller
from charbert.model.encoding import CharBertEncoding, form_of, to_tensor
from charbert.model.loading.tokenizers import load_tokenizer
from charbert.model.processor_files import SETTINGS_FILE, SETTINGS_VERSION, VOCAB_FILE, find_file, read_settings
from charbert.text.alignment import SpelledSubwords
from charbert.text.char_vocab import CharVocab
from charbert.text.released_alignment import CHARS_PER_POSITION, RELEASED_RULES
from charbert.text.rows import flatten_rows
from charbert.text.text_batch import TextBatch

MODES = ("paper", "released")


class CharBertProcessor:
    """Text to a trunk's inputs, and with a character vocabulary also ``char_input_ids``, ``start_ids``, ``end_ids``.

    Paper: Sec. 3.3, Eqs. 1-2: the characters of the whole input as one sequence, and the first and last
    character of each subword in it.
    Released code: ``mode="released"`` gives the inputs of the authors' scripts, which differ from each other
    (``charbert.text.released_alignment.RELEASED_RULES``): characters of the normalized subword, no characters for [UNK]
    outside pretraining, 6 characters per position, and a shift after a subword ``#``.
    Departure: ``mode="paper"`` takes the characters from the original text through the tokenizer's offsets, so an
    uncased trunk keeps case and diacritics, [UNK] keeps its characters, and rows have no fixed length.

    Args:
        tokenizer: a fast tokenizer (one that knows offsets) of the trunk.
        char_vocab: None for a plain trunk, for which a call returns the tokenizer's fields only.
        mode: "paper" or "released".
        script: the authors' script whose inputs ``mode="released"`` gives: "pretrain", "ner", "glue" or "squad".
        row_length: positions T of every row in ``mode="released"``, which determine its number of characters and its
            padding; None: determined by each call. Rows are not padded (except by "glue"): collate them with
            ``pad_values`` and ``pad_to_multiple_of=row_length``.

    Raises:
        SettingsError: if an argument has another value, the tokenizer is not fast, or the vocabulary does not fit the
            mode.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        char_vocab: CharVocab | None,
        mode: str = "paper",
        script: str = "pretrain",
        row_length: int | None = None,
    ) -> None:
        if mode not in MODES:
            raise SettingsError(f"processor mode must be one of {list(MODES)}, got {mode!r}")
        if script not in RELEASED_RULES:
            raise SettingsError(f"processor script must be one of {list(RELEASED_RULES)}, got {script!r}")
        if row_length is not None and (mode != "released" or row_length < 1):
            raise SettingsError(f"processor row_length={row_length} needs mode='released' and a positive number")
        if not getattr(tokenizer, "is_fast", False):
            raise SettingsError(
                f"CharBertProcessor needs a fast tokenizer, since characters come from its offsets, got "
                f"{type(tokenizer).__name__}"
            )
        if not isinstance(char_vocab, CharVocab | None):
            raise SettingsError(
                f"char_vocab must be a CharVocab or None, got {type(char_vocab).__name__}; "
                "a configuration's char_vocab is read by CharVocab.from_dict"
            )
        if (
            mode == "paper"
            and char_vocab is not None
            and char_vocab.pad_id in (char_vocab.separator_id, char_vocab.special_id, char_vocab.unk_id)
        ):
            raise SettingsError(
                f"mode='paper' needs a character vocabulary whose pad_id ({char_vocab.pad_id}) means padding "
                "only; build one with CharVocab.build, or use mode='released' with the authors' vocabulary"
            )
        self.tokenizer = tokenizer
        self.char_vocab = char_vocab
        self.mode = mode
        self.script = script
        self.row_length = row_length

    @cached_property
    def _speller(self) -> SubwordSpeller:
        return SubwordSpeller(self.tokenizer, cast(CharVocab, self.char_vocab), self.mode, self.script)

    @property
    def pad_values(self) -> dict[str, int]:
        """Padding value of each field that a call produces.

        Released code: pads ``start_ids`` and ``end_ids`` with the last position of the row. Without ``row_length`` it
        depends on the call: use ``padding="max_length"``.

        Raises:
            SettingsError: if the tokenizer has no padding token.
        """
        pad_id = self.tokenizer.pad_token_id
        if pad_id is None:
            raise SettingsError("the tokenizer has no padding token; set tokenizer.pad_token")
        trunk = dict(zip(TOKEN_INPUTS, (pad_id, 0, self.tokenizer.pad_token_type_id), strict=True))
        values = {name: value for name, value in trunk.items() if name in self.tokenizer.model_input_names}
        if self.char_vocab is not None:
            last = CHARS_PER_POSITION * self.row_length - 1 if self.row_length is not None else 0
            values |= dict(zip(CHAR_INPUTS, (self.char_vocab.pad_id, last, last), strict=True))
        return values

    @property
    def model_input_names(self) -> list[str]:
        """Names of the fields that a model is called with."""
        return list(self.tokenizer.model_input_names) + (list(CHAR_INPUTS) if self.char_vocab is not None else [])

    def __call__(
        self,
        text: str | Sequence[str] | Sequence[Sequence[str]],
        text_pair: str | Sequence[str] | Sequence[Sequence[str]] | None = None,
        *,
        is_split_into_words: bool = False,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        return_overflowing_tokens: bool = False,
        return_tensors: str | None = None,
        **options: Any,
    ) -> CharBertEncoding:
        """Return the encoding of one text or of many, like the tokenizer's, with the char channel's fields.

        Args:
            text: one text or several; with ``is_split_into_words`` the words of one text or of several.
            text_pair: the second text of each pair, in the same form.
            is_split_into_words: the texts are lists of words.
            padding: as the tokenizer's. With padding or tensors the char rows are padded to the longest as well.
            truncation: as the tokenizer's. The characters of a truncated subword are dropped.
            max_length: as the tokenizer's; in the released layout a char row has 6 times as many characters, or 6 times
                the longest row's subwords where it is not given.
            return_overflowing_tokens: as the tokenizer's, with ``stride`` among the options.
            return_tensors: None for lists, "np" or "pt".
            **options: any other option of the tokenizer's call.

        Returns:
            The tokenizer's fields, and ``char_input_ids`` (B, C), ``start_ids`` and ``end_ids`` (B, T);
            ``word_ids(i)`` and ``sequence_ids(i)`` work as usual.

        Raises:
            DataError: if the texts have another form, or the batch is empty.
            SettingsError: if tensors are requested and the rows differ in length.
        """
        texts = TextBatch.of(text, text_pair, is_split_into_words=is_split_into_words)
        if self.row_length is not None and padding is False and RELEASED_RULES[self.script].spells_padding:
            # the characters of padding depend on the row, so no collator can add them
            padding, truncation, max_length = "max_length", truncation or False, max_length or self.row_length
        plain = self.tokenizer(
            texts.first,
            texts.second,
            is_split_into_words=is_split_into_words,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            return_overflowing_tokens=return_overflowing_tokens,
            **options,
        )
        encoding = CharBertEncoding(dict(plain), plain.encodings)
        if return_tensors is not None:
            encoding.data = {name: to_tensor(rows, name, return_tensors) for name, rows in plain.items()}
        if self.char_vocab is not None:
            subwords = self._speller.spell(plain, texts, is_padded=padding not in (False, "do_not_pad"))
            if self.mode == "released":
                positions = self.row_length or max(max_length or 0, int(subwords.row_lengths.max()))
                encoding.subwords = subwords
                encoding.max_chars = CHARS_PER_POSITION * positions
            fields = self._speller.lay_out(subwords, encoding.max_chars, None)
            form = return_tensors or ("padded" if padding else "rows")
            encoding.data |= self._speller.give(fields, form, encoding.max_chars)
        if texts.is_single and return_tensors is None and not return_overflowing_tokens:
            encoding.data = {name: rows[0] for name, rows in encoding.data.items()}
        return encoding

    def hide_subwords(self, features: Mapping[str, Any], hidden: Any) -> dict[str, Any]:
        """Return the three char fields of ``features`` without the characters of the hidden subwords.

        Nothing is tokenized again. Call it on an encoding of this processor, or in paper mode on any mapping with its
        fields, one row or a batch, padded or not; then update it: ``features.update(...)``. Paper mode starts from the
        current fields, released mode from the original characters.

        Paper: Sec. 3.5; a masked subword must not be visible in its characters.
        Released code: hides every position with an MLM label, so pass ``mlm_labels != IGNORED_LABEL``.

        Args:
            features: ``attention_mask`` and the three char fields, as lists, NumPy arrays or tensors.
            hidden: true for each subword to hide, in the shape of ``start_ids``.

        Returns:
            ``char_input_ids``, ``start_ids`` and ``end_ids`` in the form of the input (a batch of arrays or tensors is
            padded to its new longest row).

        Raises:
            SettingsError: if there is no char channel, or in released mode if ``features`` is not an encoding of this
                processor.
            DataError: if a field is missing or the shapes differ.
        """
        if self.char_vocab is None:
            raise SettingsError("hide_subwords needs a processor with a char_vocab, this one has none")
        for name in ("attention_mask", *CHAR_INPUTS):
            if name not in features:
                raise DataError(f"hide_subwords needs the field {name}, got {sorted(features)}")
        form = form_of(features["char_input_ids"])
        flags, lengths, batched = flatten_rows(hidden)
        subwords, max_chars = self._subwords_of(features)
        if not np.array_equal(lengths, subwords.row_lengths):
            raise DataError(
                f"hidden must have one flag per subword: expected rows of {subwords.row_lengths.tolist()}, "
                f"got {lengths.tolist()}"
            )
        fields = self._speller.lay_out(subwords, max_chars, flags.astype(np.bool_))
        given = self._speller.give(fields, form, max_chars)
        return given if batched else {name: rows[0] for name, rows in given.items()}

    def _subwords_of(self, features: Mapping[str, Any]) -> tuple[SpelledSubwords, int | None]:
        if self.mode == "released":
            subwords = getattr(features, "subwords", None)
            if subwords is None:
                raise SettingsError(
                    "in mode='released' start_ids and end_ids do not determine every subword's characters; call "
                    "hide_subwords with the encoding that the processor returned, before it is copied or collated"
                )
            return subwords, cast(CharBertEncoding, features).max_chars
        (attended, row_lengths, _), (char_ids, char_lengths, _), (starts, _, _), (ends, _, _) = (
            flatten_rows(features[name]) for name in ("attention_mask", *CHAR_INPUTS)
        )
        padding = attended == 0
        return SpelledSubwords.from_fields(char_ids, char_lengths, starts, ends, padding, row_lengths), None

    def save_pretrained(self, directory: str | Path, **options: Any) -> list[str]:
        """Write the tokenizer, the character vocabulary and the settings to ``directory``; return the files."""
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        files = [str(file) for file in self.tokenizer.save_pretrained(str(folder), **options) or ()]
        record = {
            "version": SETTINGS_VERSION,
            "mode": self.mode,
            "script": self.script,
            "row_length": self.row_length,
            "has_char_vocab": self.char_vocab is not None,
        }
        (folder / SETTINGS_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        if self.char_vocab is not None:
            self.char_vocab.save(folder / VOCAB_FILE)
            files.append(str(folder / VOCAB_FILE))
        else:
            (folder / VOCAB_FILE).unlink(missing_ok=True)  # the file of an earlier save would contradict the settings
        return [*files, str(folder / SETTINGS_FILE)]

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path, **options: Any) -> CharBertProcessor:
        """Return the processor that ``save_pretrained`` wrote, from a folder or the hub.

        Args:
            name_or_path: folder or hub name.
            **options: options of ``AutoTokenizer.from_pretrained``.

        Raises:
            CheckpointError: if a file of the processor is missing, damaged or of another version, or the tokenizer does
                not fit the model beside it.
        """
        where = str(name_or_path)
        hub: dict[str, Any] = {
            name: options[name] for name in ("revision", "cache_dir", "token", "local_files_only") if name in options
        }
        settings = read_settings(where, hub)
        vocab = CharVocab.load(find_file(where, VOCAB_FILE, hub)) if settings["has_char_vocab"] else None
        tokenizer = load_tokenizer(where, **options)
        return cls(tokenizer, vocab, settings["mode"], settings["script"], settings.get("row_length"))

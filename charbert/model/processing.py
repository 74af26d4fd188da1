"""Text to model inputs: a fast tokenizer's fields and the three of the char channel, in one call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from transformers import AutoTokenizer, BatchEncoding, PreTrainedTokenizerBase
from transformers.utils import cached_file

from charbert.batch import CHAR_INPUTS, TOKEN_INPUTS
from charbert.errors import CheckpointError, DataError, SettingsError
from charbert.text.alignment import (
    CharFields,
    SpelledSubwords,
    SubwordSpans,
    lay_out,
    spell_subwords,
)
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import BoolArray, IntArray
from charbert.text.released_alignment import (
    CHARS_PER_POSITION,
    RELEASED_RULES,
    SubwordSpelling,
    lay_out_released,
    spell_released,
)
from charbert.text.rows import (
    exclusive_cumsum,
    flatten_rows,
    gather,
    gather_optional,
    pad_rows,
    split_rows,
    spread,
)
from charbert.text.text_batch import TextBatch

VOCAB_FILE = "char_vocab.json"
SETTINGS_FILE = "charbert_processor.json"
SETTINGS_VERSION = 1
MODES = ("paper", "released")


class CharBertEncoding(BatchEncoding):
    """A ``BatchEncoding`` that also keeps the characters of its subwords, for
    ``CharBertProcessor.hide_subwords``."""

    subwords: SpelledSubwords | None = None
    """Characters of each subword before they were laid out; None for a plain trunk."""
    max_chars: int | None = None
    """Fixed length of the char rows in the released layout."""


class CharBertProcessor:
    """Give a trunk's inputs, and with a character vocabulary also ``char_input_ids``, ``start_ids``,
    ``end_ids``.

    Paper: Sec. 3.3, Eqs. 1-2: the characters of the whole input as one sequence, and the first and last
    character of each subword in it.
    Released code: ``mode="released"`` gives the inputs of the authors' scripts, which differ from each other
    (``charbert.text.released_alignment.RELEASED_RULES``): characters of the normalised subword, no characters
    for [UNK] outside pretraining, a fixed room of 6 characters per position, and a shift after a subword
    ``#``.
    Departure: ``mode="paper"`` takes the characters from the original text through the tokenizer's offsets,
    so case and diacritics survive an uncased trunk, [UNK] keeps its characters, and rows are as long as they
    need be.

    Args:
        tokenizer: a fast tokenizer (one that knows offsets) of the trunk.
        char_vocab: None for a plain trunk: the call then returns the tokenizer's fields only.
        mode: "paper" or "released".
        script: the authors' script whose inputs ``mode="released"`` gives: "pretrain", "ner", "glue" or
            "squad".
        row_length: positions T of every row in ``mode="released"``, which decide how many characters it holds and
            how it is padded; None: as each call says. Rows come unpadded (but from "glue"): collate them with
            ``pad_values`` and ``pad_to_multiple_of=row_length``.

    Raises:
        SettingsError: if an argument is not one of those, the tokenizer is not fast, or the vocabulary does
            not
            fit the mode.
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

    @property
    def pad_values(self) -> dict[str, int]:
        """Padding value of each field that a call produces.

        Released code: pads ``start_ids`` and ``end_ids`` with the last place of the row, which without
        ``row_length`` only the call knows: call with ``padding="max_length"`` there.

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
        """Return the encoding of one text or of many, as the tokenizer alone would, with the char channel's
        fields.

        Args:
            text: one text or several; with ``is_split_into_words`` the words of one text or of several.
            text_pair: the second text of each pair, in the same form.
            is_split_into_words: the texts are lists of words.
            padding: as the tokenizer's. With padding or tensors the char rows are padded to the longest as
                well.
            truncation: as the tokenizer's. A subword that is cut takes its characters along.
            max_length: as the tokenizer's; in the released layout a char row has 6 times as many characters,
                or 6
                times the longest row's subwords where it is not given.
            return_overflowing_tokens: as the tokenizer's, with ``stride`` among the options.
            return_tensors: None for lists, "np" or "pt".
            **options: any other option of the tokenizer's call.

        Returns:
            The tokenizer's fields, and ``char_input_ids`` (B, C), ``start_ids`` and ``end_ids`` (B, T);
            ``word_ids(i)`` and ``sequence_ids(i)`` answer as usual.

        Raises:
            DataError: if the texts have another form, or the batch is empty.
            SettingsError: if tensors are asked for and the rows differ in length.
        """
        texts = TextBatch.of(text, text_pair, is_split_into_words=is_split_into_words)
        if self.row_length is not None and padding is False and RELEASED_RULES[self.script].spells_padding:
            # what padding is spelled as depends on the row, so no collator can add it
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
            encoding.data = {name: _to_tensor(rows, name, return_tensors) for name, rows in plain.items()}
        if self.char_vocab is not None:
            subwords = self._spell(plain, texts, is_padded=padding not in (False, "do_not_pad"))
            if self.mode == "released":
                positions = self.row_length or max(max_length or 0, int(subwords.row_lengths.max()))
                encoding.subwords = subwords
                encoding.max_chars = CHARS_PER_POSITION * positions
            fields = self._lay_out(subwords, encoding.max_chars, None)
            form = return_tensors or ("padded" if padding else "rows")
            encoding.data |= self._give(fields, form, encoding.max_chars)
        if texts.is_single and return_tensors is None and not return_overflowing_tokens:
            encoding.data = {name: rows[0] for name, rows in encoding.data.items()}
        return encoding

    def hide_subwords(self, features: Mapping[str, Any], hidden: Any) -> dict[str, Any]:
        """Return the three char fields of ``features`` anew, with the characters of the hidden subwords gone.

        Nothing is tokenised again. Call it on what this processor returned, or in paper mode on any mapping
        with its fields, one row or a batch, padded or not; then put the result in: ``features.update(...)``.
        Hiding starts from the fields as they are in paper mode, and from the original characters in released
        mode.

        Paper: Sec. 3.5; what the masked language model is to predict must not be read off its characters.
        Released code: hides every position with an MLM label, so pass ``mlm_labels != IGNORED_LABEL``.

        Args:
            features: ``attention_mask`` and the three char fields, as lists, NumPy arrays or tensors.
            hidden: true for each subword to hide, in the shape of ``start_ids``.

        Returns:
            ``char_input_ids``, ``start_ids`` and ``end_ids`` in the form they came in (a batch of arrays or
            tensors is padded to its new longest row).

        Raises:
            SettingsError: if there is no char channel, or in released mode if ``features`` is not an encoding
                that
                this processor returned.
            DataError: if a field is missing or the shapes differ.
        """
        if self.char_vocab is None:
            raise SettingsError("hide_subwords needs a processor with a char_vocab, this one has none")
        for name in ("attention_mask", *CHAR_INPUTS):
            if name not in features:
                raise DataError(f"hide_subwords needs the field {name}, got {sorted(features)}")
        form = _form_of(features["char_input_ids"])
        flags, lengths, batched = flatten_rows(hidden)
        subwords, max_chars = self._subwords_of(features)
        if not np.array_equal(lengths, subwords.row_lengths):
            raise DataError(
                f"hidden must have one flag per subword: expected rows of {subwords.row_lengths.tolist()}, "
                f"got {lengths.tolist()}"
            )
        fields = self._lay_out(subwords, max_chars, flags.astype(np.bool_))
        given = self._give(fields, form, max_chars)
        return given if batched else {name: rows[0] for name, rows in given.items()}

    def _subwords_of(self, features: Mapping[str, Any]) -> tuple[SpelledSubwords, int | None]:
        if self.mode == "released":
            subwords = getattr(features, "subwords", None)
            if subwords is None:
                raise SettingsError(
                    "in mode='released' start_ids and end_ids do not tell every subword's characters; hand "
                    "hide_subwords the encoding that the processor returned, before it is copied or collated"
                )
            return subwords, cast(CharBertEncoding, features).max_chars
        (attended, row_lengths, _), (char_ids, char_lengths, _), (starts, _, _), (ends, _, _) = (
            flatten_rows(features[name]) for name in ("attention_mask", *CHAR_INPUTS)
        )
        padding = attended == 0
        return SpelledSubwords.from_fields(char_ids, char_lengths, starts, ends, padding, row_lengths), None

    def _spell(self, plain: BatchEncoding, texts: TextBatch, *, is_padded: bool) -> SpelledSubwords:
        """Return the characters of each subword of ``plain``, the tokenizer's answer to ``texts``."""
        vocab, rows = cast(CharVocab, self.char_vocab), cast(list[Any], plain.encodings)
        row_lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        real = [slice(None)] * len(rows)
        places: IntArray = np.arange(int(row_lengths.sum()))
        if is_padded:  # padding is left alone, for speed
            real, places = _find_subwords(rows, row_lengths)

        def read(values: Iterable[list[Any]], *, optional: bool = False) -> IntArray:
            parts = (row[part] for row, part in zip(values, real, strict=True))
            flat = gather_optional(parts) if optional else gather(parts, len(places))
            return spread(flat, places, int(row_lengths.sum()))

        input_ids = read(plain["input_ids"])
        offsets = gather(
            chain.from_iterable(row.offsets[part] for row, part in zip(rows, real, strict=True)),
            2 * len(places),
        ).reshape(-1, 2)
        second, word_ids = np.zeros(len(input_ids), np.bool_), None
        if texts.second is not None:
            second = read((row.sequence_ids for row in rows), optional=True) == 1
        if texts.is_split_into_words:
            word_ids = read((row.word_ids for row in rows), optional=True)
        samples = plain.get("overflow_to_sample_mapping", range(len(rows)))
        owners = texts.owners(np.repeat(np.asarray(samples, np.int64), row_lengths), second, word_ids)
        source = texts.source
        special = np.zeros(len(input_ids), np.bool_)
        for index in self._special_ids:
            special |= input_ids == index
        spans = SubwordSpans(
            begins=source.bounds[owners] + spread(offsets[:, 0], places, len(input_ids)),
            ends=source.bounds[owners] + spread(offsets[:, 1], places, len(input_ids)),
            texts=owners,
            special=special,
            padding=spread(np.ones(len(places), np.int64), places, len(input_ids)) == 0,
            row_lengths=row_lengths,
        )
        if self.mode == "paper":
            return spell_subwords(source, spans, vocab, marks_are_stripped=self._marks_are_stripped)
        return spell_released(
            source,
            spans,
            input_ids,
            spelling=self._spelling,
            unknown=input_ids == self.tokenizer.unk_token_id,
            second=second,
            rules=RELEASED_RULES[self.script],
            vocab=vocab,
        )

    def _lay_out(self, subwords: SpelledSubwords, max_chars: int | None, hidden: BoolArray | None) -> CharFields:
        vocab = cast(CharVocab, self.char_vocab)
        if max_chars is None:
            return lay_out(subwords, vocab, hidden)
        return lay_out_released(subwords, vocab, max_chars, hidden)

    def _give(self, fields: CharFields, form: str, max_chars: int | None) -> dict[str, Any]:
        """Return the char fields as "rows" (lists), "padded" (lists of one length), "np" or "pt"."""
        lengths, vocab = fields.row_lengths, cast(CharVocab, self.char_vocab)
        spans = (fields.start_ids, fields.end_ids)
        if form in ("np", "pt"):
            width = int(fields.char_lengths.max(initial=0)) if max_chars is None else max_chars
            arrays = [pad_rows(fields.char_ids, fields.char_lengths, width, vocab.pad_id)]
            arrays += [values.reshape(len(lengths), -1).astype(np.int64, copy=False) for values in spans]
            given: list[Any] = [torch.from_numpy(array) for array in arrays] if form == "pt" else arrays
        else:
            chars = split_rows(fields.char_ids, fields.char_lengths)
            if form == "padded" or max_chars is not None:
                width = int(fields.char_lengths.max(initial=0)) if max_chars is None else max_chars
                chars = [row + [vocab.pad_id] * (width - len(row)) for row in chars]
            given = [chars, *(split_rows(values, lengths) for values in spans)]
        return dict(zip(CHAR_INPUTS, given, strict=True))

    @property
    def _special_ids(self) -> list[int]:
        """Ids of the subwords that have no characters."""
        names = RELEASED_RULES[self.script].special_names
        if self.mode == "released" and names is not None:
            found = [self.tokenizer.backend_tokenizer.token_to_id(name) for name in names]
            return [index for index in found if index is not None]  # RoBERTa has none of BERT's names
        ids = set(self.tokenizer.all_special_ids)
        return sorted(ids if self.mode == "released" else ids - {self.tokenizer.unk_token_id})

    @cached_property
    def _spelling(self) -> SubwordSpelling:
        by_id = {index: name for name, index in self.tokenizer.get_vocab().items()}
        return SubwordSpelling.of([by_id.get(index, "") for index in range(max(by_id) + 1)])

    @cached_property
    def _marks_are_stripped(self) -> bool:
        normalizer = self.tokenizer.backend_tokenizer.normalizer
        return normalizer is not None and normalizer.normalize_str("q\u0301") in (
            "q",
            "Q",
        )  # has no composed form

    def save_pretrained(self, directory: str | Path, **options: Any) -> list[str]:
        """Write the tokenizer, the character vocabulary and the settings to ``directory``; return the
        files."""
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
            (folder / VOCAB_FILE).unlink(missing_ok=True)  # what an earlier save left would contradict the settings
        return [*files, str(folder / SETTINGS_FILE)]

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path, **options: Any) -> CharBertProcessor:
        """Return the processor that ``save_pretrained`` wrote to a folder, or that lies on the hub.

        Args:
            name_or_path: folder or hub name.
            **options: options of ``AutoTokenizer.from_pretrained``.

        Raises:
            CheckpointError: if a file of the processor is missing or of another version.
        """
        where = str(name_or_path)
        hub: dict[str, Any] = {
            name: options[name] for name in ("revision", "cache_dir", "token", "local_files_only") if name in options
        }
        settings = _read_settings(where, hub)
        vocab = CharVocab.load(_find_file(where, VOCAB_FILE, hub)) if settings["has_char_vocab"] else None
        tokenizer = AutoTokenizer.from_pretrained(where, **options)
        return cls(tokenizer, vocab, settings["mode"], settings["script"], settings.get("row_length"))


def _find_file(where: str, name: str, hub: dict[str, Any]) -> str:
    found = cached_file(where, name, _raise_exceptions_for_missing_entries=False, **hub)
    if found is None:
        raise CheckpointError(
            f"{where}: expected the file {name}; was it written by CharBertProcessor.save_pretrained?"
        )
    return found


def _read_settings(where: str, hub: dict[str, Any]) -> dict[str, Any]:
    path = _find_file(where, SETTINGS_FILE, hub)
    try:
        settings = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path}: expected processor settings in JSON, got {error}") from None
    if not isinstance(settings, dict) or settings.get("version") != SETTINGS_VERSION:
        raise CheckpointError(f"{path}: expected processor settings of version {SETTINGS_VERSION}; save it again")
    if not {"mode", "script", "has_char_vocab"} <= set(settings):
        raise CheckpointError(f"{path}: expected mode, script and has_char_vocab, got {sorted(settings)}")
    return settings


def _find_subwords(rows: list[Any], row_lengths: IntArray) -> tuple[list[slice], IntArray]:
    """Return the part of each row that is not padding, and where its subwords stand among all rows."""
    real = []
    for mask in (row.attention_mask for row in rows):
        count = sum(mask)
        begin = mask.index(1) if count else 0
        real.append(slice(begin, begin + count))
    counts = np.array([part.stop - part.start for part in real], np.int64)
    begins = exclusive_cumsum(row_lengths) + np.array([part.start for part in real], np.int64)
    return real, np.repeat(begins - exclusive_cumsum(counts), counts) + np.arange(int(counts.sum()))


def _to_tensor(rows: Any, name: str, form: str) -> Any:
    if form not in ("np", "pt"):
        raise SettingsError(f"return_tensors must be 'np', 'pt' or None, got {form!r}")
    try:
        array = np.array(rows, np.int64)
    except ValueError:
        raise SettingsError(
            f"return_tensors={form!r} needs rows of one length, those of {name} differ; set padding=True"
        ) from None
    return torch.from_numpy(array) if form == "pt" else array


def _form_of(rows: Any) -> str:
    if isinstance(rows, torch.Tensor):
        return "pt"
    return "np" if isinstance(rows, np.ndarray) else "rows"

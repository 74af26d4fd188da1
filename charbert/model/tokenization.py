"""The tokenizer of CharBERT models: the fields of a fast tokenizer and those of the char channel, in one call."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from charbert.batch import CHAR_INPUTS, SHAPE_INPUT, TOKEN_INPUTS
from charbert.errors import CheckpointError, DataError, SettingsError
from charbert.model.inputs.char_spelling import SubwordSpeller
from charbert.model.inputs.encoding import CharBertEncoding, form_of, pad_char_fields, pads, to_tensor
from charbert.model.inputs.tokenizer_settings import check_settings, copy_options
from charbert.model.inputs.word_shapes import OTHER, shape_rows
from charbert.model.saved_tokenizer import SavedTokenizer, read_parts
from charbert.text.alignment import SpelledSubwords
from charbert.text.char_vocab import CharVocab
from charbert.text.released_alignment import CHARS_PER_POSITION, RELEASED_RULES
from charbert.text.repair.repaired import Corrector, RepairedTexts
from charbert.text.rows import flatten_rows
from charbert.text.text_batch import TextBatch


class CharBertTokenizer(SavedTokenizer):
    """Text to a trunk's inputs, and with a character vocabulary also ``char_input_ids``, ``start_ids``, ``end_ids``.

    It is an ordinary fast tokenizer of ``transformers``: ``AutoTokenizer`` finds it, pipelines, collators and the
    Trainer use it, and it saves and loads itself.

    Paper: Sec. 3.3, Eqs. 1-2: the characters of the whole input as one sequence, and the first and last
    character of each subword in it.
    Released code: ``mode="released"`` gives the inputs of the authors' scripts, which differ from each other
    (``charbert.text.released_alignment.RELEASED_RULES``): characters of the normalized subword, no characters for [UNK]
    outside pretraining, 6 characters per position, and a shift after a subword ``#``.
    Departure: ``mode="paper"`` takes the characters from the original text through the tokenizer's offsets, so an
    uncased trunk keeps case and diacritics, [UNK] keeps its characters, and rows have no fixed length.

    Args:
        tokenizer: the fast tokenizer of the trunk, which is copied; None: built from ``options``, as when it is loaded.
        char_vocab: None for a plain trunk, for which a call returns the trunk's fields only.
        mode: "paper" or "released".
        script: the authors' script whose inputs ``mode="released"`` gives: "pretrain", "ner", "glue" or "squad".
        row_length: positions T of every row in ``mode="released"``, which determine its number of characters and its
            padding; None: determined by each call. Rows are not padded (except by "glue"): collate them with
            ``pad_values`` and ``pad_to_multiple_of=row_length``.
        repair: corrects words before the model reads them, as a `DictionaryCorrector`; it is saved with the tokenizer.
            ``offset_mapping`` has places of the given text; other methods of an encoding that return places, as
            ``token_to_chars``, have those of the repaired one. None: nothing is corrected.
        repairs: which texts it corrects for which channel, one of `REPAIRS`. By default the char channel reads the text
            as it is given, so that it can tell what the correction cannot.
        word_spaces: in paper mode, whether the copy of a tokenizer that loses the space before the words of a list, as
            RoBERTa's, adds it, see `charbert.text.word_spaces.with_word_spaces`; False for a model that was trained
            without. What is loaded from a folder is as it was saved.
        word_shapes: whether a call also gives ``shape_ids``, the shape of each subword's word, (B, T).
        **options: of ``PreTrainedTokenizerFast``.

    Raises:
        SettingsError: if an argument has another value, the tokenizer is not fast, or the vocabulary does not fit the
            mode.
        CheckpointError: when loaded from a folder without a file that it was saved with.
    """

    def __init__(
        self,
        tokenizer: Any = None,
        char_vocab: CharVocab | None = None,
        mode: str = "paper",
        script: str = "pretrain",
        row_length: int | None = None,
        *,
        repair: Corrector | None = None,
        repairs: str = "token",
        word_spaces: bool = True,
        word_shapes: bool = False,
        **options: Any,
    ) -> None:
        if tokenizer is not None:
            options = copy_options(tokenizer, word_spaces=word_spaces and mode == "paper") | options
        elif not {"tokenizer_object", "tokenizer_file"} & {name for name, value in options.items() if value}:
            raise CheckpointError("expected the file tokenizer.json of a fast tokenizer, found none")
        char_vocab, repair = read_parts(options, char_vocab, repair)
        check_settings(char_vocab, mode, script, row_length)
        names = [name for name in options.pop("model_input_names", self.model_input_names) if name in TOKEN_INPUTS]
        if char_vocab is not None:
            names += CHAR_INPUTS
        own: dict[str, Any] = {"mode": mode, "script": script, "row_length": row_length}
        if word_shapes:
            names.append(SHAPE_INPUT)
            own["word_shapes"] = True
        super().__init__(char_vocab, repair, repairs, model_input_names=names, **own, **options)
        self.mode = mode
        self.script = script
        self.row_length = row_length
        self.word_shapes = bool(word_shapes)
        self.cache: dict[str, SubwordSpeller] = {}  # of this name, datasets leaves it out of its fingerprints

    @property
    def _speller(self) -> SubwordSpeller:
        if "speller" not in self.cache:
            self.cache["speller"] = SubwordSpeller(self, cast(CharVocab, self.char_vocab), self.mode, self.script)
        return self.cache["speller"]

    @property
    def has_char_vocab(self) -> bool:
        """Whether a call gives the fields of the char channel."""
        return self.char_vocab is not None

    @property
    def pad_values(self) -> dict[str, int]:
        """Padding value of each field that a call produces.

        Released code: pads ``start_ids`` and ``end_ids`` with the last position of the row. Without ``row_length`` it
        depends on the call: use ``padding="max_length"``.

        Raises:
            SettingsError: if the tokenizer has no padding token.
        """
        if self.pad_token_id is None:
            raise SettingsError("the tokenizer has no padding token; set tokenizer.pad_token")
        values = dict(zip(TOKEN_INPUTS, (self.pad_token_id, 0, self.pad_token_type_id), strict=True))
        if self.char_vocab is not None:
            last = CHARS_PER_POSITION * self.row_length - 1 if self.row_length is not None else 0
            values |= dict(zip(CHAR_INPUTS, (self.char_vocab.pad_id, last, last), strict=True))
        values[SHAPE_INPUT] = OTHER
        return {name: value for name, value in values.items() if name in self.model_input_names}

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
        """Return the encoding of one text or of many, with the char channel's fields.

        Args:
            text: one text or several; with ``is_split_into_words`` the words of one text or of several.
            text_pair: the second text of each pair, in the same form.
            padding: as of any tokenizer. With padding or tensors the char rows are padded to the longest as well.
            truncation: as of any tokenizer. The characters of a truncated subword are dropped.
            max_length: as of any tokenizer; in the released layout a char row has 6 times as many characters, or
                6 times the longest row's subwords where it is not given.
            return_overflowing_tokens: as of any tokenizer, with ``stride`` among the options.
            return_tensors: None for lists, "np" or "pt".
            **options: any other option of a tokenizer's call.

        Returns:
            The trunk's fields, and ``char_input_ids`` (B, C), ``start_ids`` and ``end_ids`` (B, T);
            ``word_ids(i)`` and ``sequence_ids(i)`` work as usual.

        Raises:
            DataError: if the texts have another form, or the batch is empty.
            SettingsError: if tensors are requested and the rows differ in length.
        """
        texts = TextBatch.of(text, text_pair, is_split_into_words=is_split_into_words)
        if self.row_length is not None and not pads(padding) and RELEASED_RULES[self.script].spells_padding:
            # the characters of padding depend on the row, so no collator can add them
            padding, truncation, max_length = "max_length", truncation or False, max_length or self.row_length
        repaired = None
        if self.repair is not None:
            first_only = self.repairs == "first"
            repaired = RepairedTexts.of(texts, self.repair, self.get_added_vocab(), first_only=first_only)
        read = texts if repaired is None else repaired.texts
        plain = super().__call__(
            read.first,
            read.second,
            is_split_into_words=is_split_into_words,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            return_overflowing_tokens=return_overflowing_tokens,
            **options,
        )
        if repaired is not None and "offset_mapping" in plain:
            plain["offset_mapping"] = repaired.given_offsets(plain)
        encoding = CharBertEncoding(dict(plain), plain.encodings)
        if return_tensors is not None:
            encoding.data = {name: to_tensor(rows, name, return_tensors) for name, rows in plain.items()}
        if self.char_vocab is not None:
            as_given = self.repairs == "token"  # the char channel reads the text as it is given
            spelled, other = (texts, repaired) if as_given else (read, None)
            subwords = self._speller.spell(plain, spelled, is_padded=pads(padding), repaired=other)
            if self.mode == "released":
                positions = self.row_length or max(max_length or 0, int(subwords.row_lengths.max()))
                encoding.subwords = subwords
                encoding.max_chars = CHARS_PER_POSITION * positions
            fields = self._speller.lay_out(subwords, encoding.max_chars, None)
            form = return_tensors or ("padded" if pads(padding) else "rows")
            encoding.data |= self._speller.give(fields, form, encoding.max_chars)
        if self.word_shapes:
            samples = plain.get("overflow_to_sample_mapping", range(len(encoding.encodings)))
            rows = shape_rows(encoding.encodings, map(int, samples), read)
            encoding.data[SHAPE_INPUT] = (
                rows if return_tensors is None else to_tensor(rows, SHAPE_INPUT, return_tensors)
            )
        if texts.is_single and return_tensors is None and not return_overflowing_tokens:
            encoding.data = {name: rows[0] for name, rows in encoding.data.items()}
        return encoding

    def encode(self, text: Any, text_pair: Any = None, add_special_tokens: bool = True, **options: Any) -> Any:
        """Return the ``input_ids`` of a call; the library's method would not correct words."""
        return self(text, text_pair, add_special_tokens=add_special_tokens, **options)["input_ids"]

    def tokenize(self, text: Any, pair: Any = None, add_special_tokens: bool = False, **options: Any) -> list[str]:
        """Return the subwords of a call; the library's method would not correct words."""
        return self(text, pair, add_special_tokens=add_special_tokens, **options).tokens()

    def hide_subwords(self, features: Mapping[str, Any], hidden: Any) -> dict[str, Any]:
        """Return the three char fields of ``features`` without the characters of the hidden subwords.

        Nothing is tokenized again. Call it on an encoding of this tokenizer, or in paper mode on any mapping with its
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
                tokenizer.
            DataError: if a field is missing or the shapes differ.
        """
        if self.char_vocab is None:
            raise SettingsError("hide_subwords needs a tokenizer with a char_vocab, this one has none")
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
                    "hide_subwords with the encoding that the tokenizer returned, before it is copied or collated"
                )
            return subwords, cast(CharBertEncoding, features).max_chars
        (attended, row_lengths, _), (char_ids, char_lengths, _), (starts, _, _), (ends, _, _) = (
            flatten_rows(features[name]) for name in ("attention_mask", *CHAR_INPUTS)
        )
        padding = attended == 0
        return SpelledSubwords.from_fields(char_ids, char_lengths, starts, ends, padding, row_lengths), None

    def pad(
        self,
        encoded_inputs: Any,
        padding: bool | str = True,
        *args: Any,
        padding_side: str | None = None,
        return_tensors: str | None = None,
        **options: Any,
    ) -> CharBertEncoding:
        """Return encodings as one padded batch; collators of ``transformers`` call this.

        The char rows are padded at their end to the longest of the batch, whatever the padding side of the subwords,
        since ``start_ids`` and ``end_ids`` count from its beginning.

        Args:
            encoded_inputs: one encoding, a batch, or a list of encodings, with or without labels.
            padding: as of any tokenizer, like what follows.
            *args: ``max_length`` and what follows it.
            padding_side: "left" or "right"; None: the tokenizer's.
            return_tensors: None for lists, "np" or "pt".
            **options: more of ``PreTrainedTokenizerFast.pad``.
        """
        if not isinstance(encoded_inputs, Mapping):
            encoded_inputs = {name: [row[name] for row in encoded_inputs] for name in encoded_inputs[0]}
        fields = dict(encoded_inputs)
        chars = {name: fields.pop(name) for name in (*CHAR_INPUTS, SHAPE_INPUT) if name in fields}
        plain = super().pad(fields, padding, *args, padding_side=padding_side, return_tensors=return_tensors, **options)
        if chars:
            side = padding_side or self.padding_side
            plain.update(pad_char_fields(chars, plain["input_ids"], self.pad_values, side, is_padded=pads(padding)))
        return CharBertEncoding(dict(plain))

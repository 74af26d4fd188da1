"""Short names of rows, as tables and figures show them; records keep the full names."""

import re
from dataclasses import replace
from typing import NamedTuple

from charbert.reporting.render.layout import Row, Table


class ShortName(NamedTuple):
    """How a model's row is shown."""

    text: str
    meaning: str
    """What the model is, for the legend."""


_TEACHER = "trunk as teacher"
_DENSE = "dense noise"
_SHARED = "one interaction shared by all layers"
SHORT_NAMES = {
    "CharBERT, dense noise": ShortName("CharBERT-D", f"{_DENSE} (model=charbert_dense)"),
    "CharBERT, trunk as teacher": ShortName("CharBERT-T", f"{_TEACHER} (model=charbert_trunk_teacher)"),
    "CharBERT, dense noise, shared interaction": ShortName(
        "CharBERT-S", f"{_DENSE}, {_SHARED} (model=charbert_shared)"
    ),
    "CharBERT, trunk as teacher, dense noise, shared interaction": ShortName(
        "CharBERT-TS", f"{_TEACHER}, {_DENSE}, {_SHARED} (model=charbert_shared_teacher)"
    ),
    "CharBERT, char start": ShortName("CharBERT-C", "char start (model=charbert_char_start)"),
    "CharBERT, residual": ShortName("CharBERT-R", "residual interaction (model=charbert_residual)"),
    "CharBERT-MiniLM": ShortName("CharBERT-M", "the encoder models/charbert-minilm (model=charbert_pretrained)"),
    "CharBERT (pretrained)": ShortName(
        "CharBERT-P", f"the first encoder of models/charbert-minilm: {_DENSE}, {_SHARED}"
    ),
    "CharBERT, lower-cased characters": ShortName(
        "CharBERT-L", "lower-cased characters in the char channel (model=charbert_lower)"
    ),
    "CharBERT-MiniLM, lower-cased characters": ShortName(
        "CharBERT-ML", "CharBERT-M that reads lower-cased characters (model=charbert_pretrained_lower)"
    ),
    "BERT, word shapes": ShortName(
        "BERT+Case", "an embedding of each word's shape, such as upper case (model=bert_case)"
    ),
    "AdvBERT, dense noise": ShortName("AdvBERT-D", f"{_DENSE} (model=adv_bert_dense)"),
    "AdvBERT, trunk as teacher": ShortName("AdvBERT-T", f"{_TEACHER} (model=adv_bert_trunk_teacher)"),
    "w/o heterogeneous interaction": ShortName(
        "w/o interaction", "without heterogeneous interaction (model=charbert_no_interaction)"
    ),
}
"""By ``model.name``."""
_NAME = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, sorted(SHORT_NAMES, key=len, reverse=True)))})(?!\w)")


def short_label(label: str) -> str:
    """Return the label of a row with every model's name in it shortened, as ``3 × CharBERT-D of seeds 1, 2, 3``."""
    return _NAME.sub(lambda name: SHORT_NAMES[name[0]].text, label)


def with_short_names(table: Table) -> Table:
    """Return the table with short names of its rows, and with a legend that explains them where there are any."""
    used = {name for row in table.rows for name in _NAME.findall(row.label)}
    if not used:
        return table
    legend = "; ".join(f"{short.text}: {short.meaning}" for name, short in SHORT_NAMES.items() if name in used)
    rows = tuple(Row(short_label(row.label), row.cells) for row in table.rows)
    return replace(table, rows=rows, row_legend=f"{legend}.")

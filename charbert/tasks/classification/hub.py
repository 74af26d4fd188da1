"""Splits on the hub to labeled texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from charbert.config.data.sets import ColumnSettings, written_label
from charbert.data.readers.glue import LabeledText

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows

_BREAKS = re.compile(r"[\t\r\n]+")


def hub_texts(rows: HubRows, columns: ColumnSettings) -> list[LabeledText]:
    """Return the labeled texts of a split; tabs and line breaks in them become spaces.

    Raises:
        DataError: naming the first row without a text or a label.
    """
    needed = [name for name in (columns.first, columns.second, columns.label) if name is not None]
    optional = {} if columns.row_id is None else {columns.row_id: None}
    examples = []
    for number, values in enumerate(rows.read(*needed, optional=optional)):
        row = dict(zip((*needed, *optional), values, strict=True))
        if row[columns.label] is None:
            raise rows.error(number, "a label", None)
        row_id = None if columns.row_id is None else str(number if row[columns.row_id] is None else row[columns.row_id])
        first, second = (
            None if name is None else _BREAKS.sub(" ", rows.text(row[name], number, name))
            for name in (columns.first, columns.second)
        )
        assert first is not None
        examples.append(LabeledText(first, second, written_label(row[columns.label]), row_id))
    return examples

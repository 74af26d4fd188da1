"""Keyboard typos: the neighboring keys of each key."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from charbert.config.data.noise import Edit, Layout

COUNTED_NEIGHBORS: Mapping[str, str] = MappingProxyType(
    {
        "a": "qswxz",
        "b": "ghnv",
        "c": "dfvx",
        "d": "cefrsvx",
        "e": "dfrsw",
        "f": "cdgrtv",
        "g": "bfhtvy",
        "h": "bgjnuy",
        "i": "jklou",
        "j": "hmnu",
        "k": ",ijlmo",
        "l": "kop",
        "m": "jkn",
        "n": "bhjm",
        "o": "iklp",
        "p": "lo",
        "q": "asw",
        "r": "defgt",
        "s": "acdewxz",
        "t": "fghry",
        "u": "hijky",
        "v": "bcfg",
        "w": "adeqs",
        "x": "csz",
        "y": "ghjtu",
        "z": "asx",
    }
)
"""Neighbors of each lower-case letter, drawn uniformly, as observed in 5,237 keyboard typos of the authors' attacked
CoNLL-2003 test set. Unlike in the grid of Pruthi et al. (2019), diagonal neighbors count, and k may become a comma.
What is counted on a test set is for attacks, not for training."""


_LATIN_ROWS: Mapping[Layout, tuple[str, str, str]] = {
    Layout.qwerty: ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    Layout.qwertz: ("qwertzuiopü", "asdfghjklöä", "yxcvbnm"),
    Layout.azerty: ("azertyuiop", "qsdfghjklm", "wxcvbn"),
    Layout.turkish_q: ("qwertyuıopğü", "asdfghjklşi", "zxcvbnmöç"),
}
_LAYOUTS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "CYRILLIC": [("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")],
    "GREEK": [("_ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ")],
    "HEBREW": [("__קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ")],
    "ARABIC": [("ضصثقفغعهخحجد", "شسيبلاتنمكط", "ئءؤر_ىةوزظ")],
    "DEVANAGARI": [
        ("ौैाीूबहगदजड\u093c", "ोे्िुपरकतचट", "_ंमनवलस__य"),
        ("औऐआईऊभङघधढञ", "ओएअइउफऱखथछठ", "_ँण_ळ_शष"),
    ],
}
"""Rows of letters from the top, those of the shift key of Devanagari as well; ``_`` for a key without a letter.

Russian; Greek; Hebrew (SI 1452); Arabic (101); InScript.
"""


def _grid_neighbors(layers: Sequence[tuple[str, str, str]]) -> Mapping[str, str]:
    """Return the neighbors of each key: beside it, and the two above and below it, since rows are shifted."""
    neighbors: dict[str, str] = {}
    for rows in layers:
        for row, keys in enumerate(rows):
            for place, key in enumerate(keys):
                near = [(row, place - 1), (row, place + 1), (row - 1, place), (row - 1, place + 1)]
                near += [(row + 1, place - 1), (row + 1, place)]
                found = [rows[r][p] for r, p in near if 0 <= r < len(rows) and 0 <= p < len(rows[r])]
                if key != "_":
                    neighbors[key] = "".join(sorted(letter for letter in found if letter != "_"))
    return MappingProxyType(neighbors)


LAYOUT_NEIGHBORS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {script: _grid_neighbors(layers) for script, layers in _LAYOUTS.items()}
)
"""Script other than Latin -> letter, lower case where there is case -> its neighbors."""
LATIN_NEIGHBORS: Mapping[Layout, Mapping[str, str]] = MappingProxyType(
    {layout: _grid_neighbors([rows]) for layout, rows in _LATIN_ROWS.items()}
)
"""Keyboard for Latin letters -> lower-case letter -> its neighbors."""
_TURKISH_LOWER = {"I": "ı", "İ": "i"}


def key_neighbors(character: str, edit: Edit, layout: Layout = Layout.qwerty) -> str:
    """Return the characters that may replace a Latin one, for either case; empty for one without a key.

    Args:
        character: the one that is replaced.
        edit: keyboard takes the neighbors counted in the authors' attack (a to z alone), adjacent_key those of the
            key's place.
        layout: the keyboard of adjacent_key.
    """
    neighbors = COUNTED_NEIGHBORS if edit is Edit.keyboard else LATIN_NEIGHBORS[layout]
    if layout is Layout.turkish_q:
        character = _TURKISH_LOWER.get(character, character)
    return neighbors.get(character.lower(), "")

"""Colours of heat, apart for every kind of colour vision: blue to orange for what adds and takes away, cividis for
what is only more or less."""

from __future__ import annotations

import base64
import io
from typing import cast

import numpy as np
from numpy.typing import NDArray

ADDS, TAKES = "#D55E00", "#0072B2"
"""Orange for what speaks for an output, blue for what speaks against it; of Okabe and Ito."""
MAP = "cividis"
STRONGEST = 0.75
"""Opacity of the strongest colour, through which text stays readable on a light and on a dark page."""


def opacity(value: float, largest: float) -> float:
    """Return how strong the colour of a value is, in [0, `STRONGEST`]."""
    return STRONGEST * min(1.0, abs(value) / largest) if largest > 0 else 0.0


def css_color(value: float, largest: float) -> str:
    """Return the colour of a value that adds (orange) or takes away (blue), as CSS has it."""
    name = ADDS if value > 0 else TAKES
    red, green, blue = (int(name[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity(value, largest):.3f})"


def map_image(values: NDArray[np.floating], largest: float) -> str:
    """Return a map, (rows, columns), as the address of a picture of one pixel a value, from 0 to ``largest``."""
    import matplotlib.image
    from matplotlib import colormaps

    shares = np.clip(values / largest, 0.0, 1.0) if largest > 0 else np.zeros_like(values)
    buffer, unsigned = io.BytesIO(), cast("dict[str, str]", {"Software": None})  # leaves the version out
    matplotlib.image.imsave(buffer, colormaps[MAP](shares), format="png", metadata=unsigned)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def css_scale() -> str:
    """Return the scale of `map_image` as a CSS gradient."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return f"linear-gradient(to right, {', '.join(to_hex(colormaps[MAP](share)) for share in np.linspace(0, 1, 9))})"

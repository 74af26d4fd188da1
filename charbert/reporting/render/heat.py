"""Color scales, distinct for every kind of color vision: blue to orange for signed values, cividis for others."""

import base64
import io
from typing import cast

import numpy as np
from numpy.typing import NDArray

ADDS, TAKES = "#D55E00", "#0072B2"
"""Orange for what raises an output, blue for what lowers it; colors of Okabe and Ito."""
MAP = "cividis"
STRONGEST = 0.75
"""Opacity of the strongest color, at which text stays readable on light and on dark pages."""


def opacity(value: float, largest: float) -> float:
    """Return the opacity of the color of a value, in [0, `STRONGEST`]."""
    return STRONGEST * min(1.0, abs(value) / largest) if largest > 0 else 0.0


def css_color(value: float, largest: float) -> str:
    """Return the color of a positive (orange) or negative (blue) value in CSS."""
    name = ADDS if value > 0 else TAKES
    red, green, blue = (int(name[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity(value, largest):.3f})"


def map_image(values: NDArray[np.floating], largest: float) -> str:
    """Return the data URL of an image of a map, (rows, columns), one pixel per value, from 0 to ``largest``."""
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

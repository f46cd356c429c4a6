"""Colour maps: compact anchor tables, applied to arrays or handed to the browser as an SVG filter.

cividis and viridis are perceptually uniform and safe for colour-blind readers; turbo has more contrast but is
not. Their anchors are the published tables (matplotlib's, CC0; turbo: Mikhailov 2019, Apache-2.0) sampled at
65 points and interpolated linearly, within 3/255 of the full tables. Signed maps use a blue-white-orange map
with equal lightness at equal distance from zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gallery.errors import RenderError
from gallery.records import UInt8
from gallery.registry import did_you_mean

N_ANCHORS = 65
DEFAULT = "cividis"
DIVERGING = "blue-orange"

_CIVIDIS = (
    "00224e00255400285b002b62002e6a0030700433711135701a386f213b6e273e6e2d416d32436d36466c3b496c3f4c6c"
    "434e6c47516c4b546c4f576c52596d565c6d5a5f6e5d626e61656f646770686a716b6d726f7073727374757676797877"
    "7c7b78807e788481798784788b87788f8a78938d789790779b93769f9676a39a75a79d74aba072afa371b3a670b7aa6e"
    "bbad6cbfb06bc3b469c8b766ccba64d0be61d4c15fd9c55cddc958e1cc55e6d051ead44cefd748f4db42f8df3cfde334"
    "fee838"
)
_VIRIDIS = (
    "44015446065a470d6047136548186a481d6f482374482878472d7b46327e453681443b844240864045873f49893d4e8a"
    "3b528b39568c375a8d355e8d33638d31668e2f6a8e2e6e8e2c728e2b768e297a8e287d8e26818e25858e23898e228c8d"
    "21908c20948c1f988b1e9b8a1f9f8820a38721a68524aa8328ae802cb17e31b57b37b8773ebc7445bf704cc26c54c667"
    "5dc96365cc5d6ece5878d15282d34c8cd64696d83fa0da39abdc32b5de2bc0df24cbe11fd5e21ae0e318eae51af4e61e"
    "fde725"
)
_TURBO = (
    "30123b351e58392a733d358b4040a1424bb54456c74661d6466be34775ee467ff64589fc4293ff3d9dfe37a7fa30b1f4"
    "29bbec22c4e31dcdd819d5ce18dcc319e3b91ee8b026eda531f2993ef68c4cf97e5cfb716bfd647bfe588aff4d97fe43"
    "a3fd3cadfa38b8f735c2f234cced34d5e635dee037e6d838edd03af3c83af8c03afbb738fdae35fea331fe982cfd8c27"
    "fb8022f9741df56817f15d13ec520fe6490be04009d93807d23105ca2a04c02302b71d02ac1701a11101950d01880802"
    "7a0403"
)
# Symmetric about its middle, white; blue is evidence against the class, orange evidence for it.
_BLUE_ORANGE = ("0b3a75", "2368a8", "5a9bcb", "a9cfe6", "f7f7f7", "fbc48c", "e98b3a", "bf5b0c", "7a3403")


@dataclass(frozen=True)
class Colormap:
    """A colour map on offer.

    Attributes:
        name: As used in calls and URLs.
        title: As printed.
        note: Who can read it.
        diverging: Whether its middle stands for zero.
    """

    name: str
    title: str
    note: str
    diverging: bool = False


COLORMAPS: Mapping[str, Colormap] = MappingProxyType(
    {
        "cividis": Colormap("cividis", "Cividis", "safe for colour-blind readers"),
        "viridis": Colormap("viridis", "Viridis", "safe for colour-blind readers"),
        "turbo": Colormap("turbo", "Turbo", "high contrast, not safe for colour-blind readers"),
        "blue-orange": Colormap(
            "blue-orange",
            "Blue-white-orange",
            "for signed maps: blue against, orange for; safe for colour-blind readers",
            diverging=True,
        ),
    }
)


def default_for(*, signed: bool) -> str:
    """Return the name of the colour map a heatmap gets unless the reader chooses another."""
    return DIVERGING if signed else DEFAULT


@cache
def anchors(name: str) -> NDArray[np.float64]:
    """Return the (65, 3) evenly spaced RGB anchors of a colour map, 0 to 255.

    Raises:
        RenderError: If there is no such colour map.
    """
    if name not in COLORMAPS:
        raise RenderError(f"Unknown colour map {name!r}. {did_you_mean(name, list(COLORMAPS))}")
    if name == "blue-orange":
        nodes = np.array([list(bytes.fromhex(colour)) for colour in _BLUE_ORANGE], dtype=np.float64)
        return np.round(_resample(nodes, N_ANCHORS))
    packed = {"cividis": _CIVIDIS, "viridis": _VIRIDIS, "turbo": _TURBO}[name]
    return np.frombuffer(bytes.fromhex(packed), dtype=np.uint8).reshape(N_ANCHORS, 3).astype(np.float64)


@cache
def table(name: str) -> UInt8:
    """Return a colour map as a read-only (256, 3) uint8 table.

    Raises:
        RenderError: If there is no such colour map.
    """
    colours = np.round(_resample(anchors(name), 256)).astype(np.uint8)
    colours.flags.writeable = False
    return colours


def apply(values01: NDArray[np.floating], name: str) -> UInt8:
    """Return the colours (..., 3) uint8 of values in [0, 1]; values outside are clipped.

    Raises:
        RenderError: If there is no such colour map, or a value is not a number.
    """
    if not np.isfinite(values01).all():
        raise RenderError("A heatmap holds values that are not finite; scale it with figures.scale first.")
    index = np.round(np.clip(values01, 0.0, 1.0) * 255).astype(np.uint8)
    colours: UInt8 = table(name)[index]
    return colours


def svg_filter(name: str, filter_id: str) -> str:
    """Return an SVG ``<filter>`` that turns a grey picture into this colour map's colours.

    The browser interpolates the same 65 anchors as ``table``, in sRGB, so that live colours and printed
    figures agree.

    Args:
        name: Colour map.
        filter_id: The element's id: letters, digits, "-" and "_".

    Raises:
        RenderError: If there is no such colour map, or the id has other characters.
    """
    if not filter_id.replace("-", "").replace("_", "").isalnum():
        raise RenderError(f"{filter_id!r} cannot be an id: use letters, digits, '-' and '_' only.")
    channels = "".join(
        f'<feFunc{letter} type="table" tableValues="{" ".join(_fraction(v) for v in column)}"/>'
        for letter, column in zip("RGB", anchors(name).T, strict=True)
    )
    return (
        f'<filter id="{filter_id}" x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB">'
        f"<feComponentTransfer>{channels}</feComponentTransfer></filter>"
    )


def svg_filters(prefix: str = "cm-") -> str:
    """Return one hidden ``<svg>`` holding the filters of all colour maps, with ids prefix + name."""
    filters = "".join(svg_filter(name, prefix + name) for name in COLORMAPS)
    return (
        f'<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{filters}</defs></svg>'
    )


def colour_bar_css(name: str) -> str:
    """Return a CSS ``linear-gradient`` from the map's low end (left) to its high end (right).

    Raises:
        RenderError: If there is no such colour map.
    """
    stops = anchors(name)[:: (N_ANCHORS - 1) // 32].astype(np.uint8)
    return f"linear-gradient(to right, {', '.join('#' + bytes(stop).hex() for stop in stops)})"


def _resample(nodes: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return ``n`` colours interpolated linearly through evenly spaced ``nodes`` (m, 3)."""
    at, known = np.linspace(0, 1, n), np.linspace(0, 1, len(nodes))
    return np.stack([np.interp(at, known, nodes[:, channel]) for channel in range(3)], axis=1)


def _fraction(value: float) -> str:
    """Return a channel value of 0 to 255 as the shortest text for value / 255."""
    return f"{value / 255:.3f}".rstrip("0").rstrip(".").removeprefix("0") or "0"

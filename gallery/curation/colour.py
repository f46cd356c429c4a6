"""From any Pillow mode to 8-bit sRGB: orientation, colour profiles, alpha and wide samples.

The rules, in the order they are applied:

- Orientation: the EXIF (or XMP) orientation is applied to the pixels.
- Colour profile: an embedded ICC profile that fits the picture's mode is converted to sRGB (relative
  colorimetric, black point compensation). A malformed profile, or one for another colour space, is ignored,
  as browsers do.
- Alpha, and transparent palette entries: composited over white.
- 16-bit grey: v / 257, rounded, so that 65,535 becomes 255. 16-bit colour is reduced by Pillow, which keeps
  the high byte.
- 32-bit integers: as 16-bit if within 0 ... 65,535, else the range of the values is stretched to 0 ... 255.
- Floats: [0, 1] is scaled by 255, values within [0, 255] are rounded, other ranges are stretched.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from gallery.records import UInt8

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what puts the picture upright."""

_COLOUR_MODE = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK", "LAB": "LAB"}
"""Mode -> mode without alpha or palette that keeps its colour space; everything else becomes RGB."""

_ICC_SPACE = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_BITS_PER_SAMPLE = 258


def to_rgb(image: Image.Image) -> UInt8:
    """Return the picture as (H, W, 3) uint8 sRGB; the module's docstring has the rules.

    Args:
        image: Any mode; of an animation, the frame it is at.

    Raises:
        ValueError: If samples are not finite.
    """
    image.load()
    image = _upright(image)
    if image.mode == "I" or image.mode == "F" or image.mode.startswith("I;16"):
        return np.repeat(_eight_bits(image)[:, :, None], 3, axis=2)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    colour = _to_srgb(_without_alpha(image), image.info.get("icc_profile"))
    pixels: UInt8 = np.array(colour, dtype=np.uint8)
    return pixels if alpha is None else _over_white(pixels, np.asarray(alpha))


def _upright(image: Image.Image) -> Image.Image:
    """Return the picture with its orientation tag applied; unreadable metadata counts as no orientation."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return image
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    if turn is None:
        return image
    turned = image.transpose(turn)
    turned.info = dict(image.info)
    return turned


def _without_alpha(image: Image.Image) -> Image.Image:
    mode = _COLOUR_MODE.get(image.mode, "RGB")
    if mode == "RGB" and image.has_transparency_data:
        image = image.convert("RGBA")  # a palette with transparency would warn on the direct way
    return image if image.mode == mode else image.convert(mode)


def _to_srgb(colour: Image.Image, icc: bytes | None) -> Image.Image:
    """Convert L, RGB, CMYK or LAB to sRGB, through ``icc`` where that is valid and of the same space."""
    srgb = ImageCms.createProfile("sRGB")
    if colour.mode == "LAB":
        lab = ImageCms.buildTransform(ImageCms.createProfile("LAB"), srgb, "LAB", "RGB")
        converted = ImageCms.applyTransform(colour, lab)
        if converted is not None:
            return converted
    try:
        if icc and colour.mode in _ICC_SPACE:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            same_space = profile.profile.xcolor_space.strip() == _ICC_SPACE[colour.mode]
            named_srgb = (profile.profile.profile_description or "").startswith("sRGB")
            if same_space and not named_srgb:  # sRGB to sRGB would only add rounding
                transform = ImageCms.buildTransform(
                    profile,
                    srgb,
                    colour.mode,
                    "RGB",
                    ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
                converted = ImageCms.applyTransform(colour, transform)
                if converted is not None:
                    return converted
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        pass  # malformed profile: the samples are read as if it were not there
    return colour.convert("RGB")


def _over_white(pixels: UInt8, alpha: UInt8) -> UInt8:
    """Return round((colour * alpha + 255 * (255 - alpha)) / 255)."""
    weight = alpha[:, :, None].astype(np.uint16)
    mixed = (pixels * weight + 255 * (255 - weight) + 127) // 255  # at most 65,152: fits 16 bits
    return mixed.astype(np.uint8)


def _eight_bits(image: Image.Image) -> UInt8:
    """Return the (H, W) uint8 grey values of a 16-bit, 32-bit or float picture."""
    values = np.asarray(image)
    grey = _scaled_float(values) if image.mode == "F" else _scaled_integers(values, _full_scale(image))
    tags = getattr(image, "tag_v2", {})
    if image.mode.startswith("I;16") and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = 255 - grey
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey = np.where(values == transparent, np.uint8(255), grey)
    return grey


def _full_scale(image: Image.Image) -> int:
    """Return the sample value that is white; some cameras and scanners store 12 bits in 16."""
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    return 4095 if bits == (12,) else 65535


def _scaled_integers(values: NDArray[np.integer], white: int) -> UInt8:
    low, high = int(values.min()), int(values.max())
    if low >= 0 and high <= white:
        low, high = 0, white
    span = max(high - low, 1)
    shifted = values.astype(np.int64) - low
    return ((shifted * 255 + span // 2) // span).astype(np.uint8)


def _scaled_float(values: NDArray[np.floating]) -> UInt8:
    if not np.isfinite(values).all():
        raise ValueError("it holds NaN or infinite values")
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    span = high - low or 1.0
    return np.rint((values.astype(np.float64) - low) / span * 255).astype(np.uint8)

"""Photograph files -> (H, W, 3) uint8 RGB, or an error that says what is wrong with the file.

Only a fixed list of formats is tried. The size is checked from the header, before memory for the pixels is
taken. A damaged or cut-off file is an error, never a half-grey picture.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from warnings import catch_warnings, simplefilter

from PIL import Image, ImageFile, UnidentifiedImageError

from gallery.curation.colour import to_rgb
from gallery.curation.problems import SourceError
from gallery.records import UInt8

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
MAX_PIXELS = 100_000_000
MIN_SIDE_PX = 2
MAX_BYTES = 512 * 1024 * 1024

_COPY_AGAIN = "Copy or download it again, or save it anew with an image editor."
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, b"\xff\xd9"
_SIGNATURES: tuple[tuple[str, str], ...] = (
    (r"\xff\xd8\xff", "starts like a JPEG file but is damaged"),
    (r"\x89PNG", "starts like a PNG file but is damaged"),
    (r"GIF8", "starts like a GIF file but is damaged"),
    (r"RIFF....WEBP", "starts like a WebP file but is damaged"),
    (r"(II\*\x00|MM\x00\*)", "starts like a TIFF file but is damaged, or is a camera's raw file"),
    (r"BM", "starts like a BMP file but is damaged"),
    (r"....ftyp(heic|heix|hevc|mif1|msf1|heim)", "is a HEIC photograph, which cannot be read"),
    (r"....ftypavi[fs]", "is an AVIF file that is damaged, or that this Pillow cannot read"),
    (r"....ftyp", "is a film, not a photograph"),
    (r"(\xff\x0a|\x00\x00\x00\x0cJXL )", "is a JPEG XL file, which cannot be read"),
    (r"\x00\x00\x00\x0cjP  ", "is a JPEG 2000 file, which cannot be read"),
    (r"8BPS", "is a Photoshop file, which cannot be read"),
    (r"%PDF", "is a PDF document, not a photograph"),
    (r"PK\x03\x04", "is a zip archive, not a photograph"),
    (r"version https://git-lfs", "is a Git LFS pointer; the photograph itself was not fetched"),
    (r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<svg", "is an SVG drawing, not a photograph"),
    (r"\s*<(!doctype\s+)?html", "is a web page, not a photograph (a failed download?)"),
)


@dataclass(frozen=True)
class Photograph:
    """A photograph as a source delivers it.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, orientation applied.
        sha256: SHA-256 hex of the file; of the pixels where there is no file.
        label: Class name the source itself states, or None.
    """

    pixels: UInt8
    sha256: str
    label: str | None = None


def pixel_digest(pixels: UInt8) -> str:
    """Return the SHA-256 hex of the shape ("HxWxC") and the bytes of (H, W, C) ``pixels``, row by row.

    A marked region, (H, W), has the shape "HxW".
    """
    digest = hashlib.sha256("x".join(str(side) for side in pixels.shape).encode())
    digest.update(pixels.tobytes())
    return digest.hexdigest()


def read_photograph(path: Path, where: str, *, label: str | None = None) -> Photograph:
    """Read and decode one file.

    Args:
        path: The file.
        where: What messages call it: as the user wrote it.
        label: Class name to attach.

    Raises:
        SourceError: If it is missing, unreadable, damaged, no photograph, too large or too small.
    """
    try:
        if not path.exists():
            raise SourceError(where, "There is no such file.", "Check the spelling, or remove the entry.")
        if not path.is_file():
            raise SourceError(
                where, "It is not a file.", "Name one photograph; folder: takes a whole folder."
            )
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(where, f"It is larger than {MAX_BYTES // 1024**2} MiB.", "Save a smaller copy.")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(
            where, f"It cannot be read: {reason}.", "Check the path and its permissions."
        ) from error
    return Photograph(decode(data, where), hashlib.sha256(data).hexdigest(), label)


def decode(data: bytes, where: str, *, max_pixels: int = MAX_PIXELS) -> UInt8:
    """Decode the bytes of a photograph to (H, W, 3) uint8 RGB.

    Of an animation, the first frame is taken. See ``gallery.curation.colour`` for the rules of conversion.

    Args:
        data: The whole file.
        where: What messages call it.
        max_pixels: Refuse more than this, H * W.

    Raises:
        SourceError: If it is empty, no photograph, damaged, too large or too small.
    """
    if not data:
        raise SourceError(where, "The file is empty.", "Copy the photograph again.")
    try:
        with _strict_pillow(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image.size, where, max_pixels)
            if image.format in {"JPEG", "MPO"}:
                _check_jpeg_end(data)
            return to_rgb(image)
    except SourceError:
        raise
    except UnidentifiedImageError as error:
        verdict = _looks_like(data)
        raise SourceError(where, f"The file {verdict}.", _remedy(verdict)) from error
    except Image.DecompressionBombError as error:
        declared = re.search(r"\((\d+) pixels\)", str(error))
        raise _too_large(where, int(declared[1]) if declared else None, max_pixels) from error
    except Exception as error:  # Pillow's decoders raise whatever their parsers stumble over
        detail = str(error).strip().rstrip(".") or type(error).__name__
        raise SourceError(where, f"The picture is damaged or cut off ({detail}).", _COPY_AGAIN) from error


@contextmanager
def _strict_pillow() -> Iterator[None]:
    """Make a truncated file an error whatever other libraries switched on, and keep warnings quiet.

    Pillow warns about metadata this module does not need and about large pictures, which are refused here.
    """
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    with catch_warnings():
        simplefilter("ignore")
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def _check_size(size: tuple[int, int], where: str, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise _too_large(where, width * height, max_pixels)
    if min(size) < MIN_SIDE_PX:
        reason = f"The picture is {width} x {height} px; each side must have at least {MIN_SIDE_PX}."
        raise SourceError(where, reason, "Use a larger picture.")


def _check_jpeg_end(data: bytes) -> None:
    """Refuse a JPEG whose scan never ends, such as a download padded with zeros: libjpeg paints it grey.

    Segments are walked by their lengths, so that the thumbnail in the metadata is not mistaken for the end.

    Raises:
        OSError: If no end-of-image marker follows the start of the scan.
    """
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _START_OF_SCAN:
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if data.find(_END_OF_IMAGE, at) < 0:
        raise OSError("the end of the picture is missing")


def _too_large(where: str, n_pixels: int | None, max_pixels: int) -> SourceError:
    declared = f"{n_pixels:,} pixels" if n_pixels else "more pixels than can be decoded"
    return SourceError(
        where, f"It declares {declared}; at most {max_pixels:,} are allowed.", "Save a smaller copy."
    )


def _looks_like(data: bytes) -> str:
    """Return what the first bytes say the file is, as the predicate of a sentence."""
    head = data[:512].decode("latin-1")
    for pattern, verdict in _SIGNATURES:
        if re.match(pattern, head, re.DOTALL | re.IGNORECASE):
            return verdict
    if not re.search(r"[\x00-\x08\x0e-\x1f]", head):
        return "is text, not a photograph, whatever its name says"
    return "is not a photograph in a format that can be read (JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, AVIF)"


def _remedy(verdict: str) -> str:
    if "damaged" in verdict:
        return _COPY_AGAIN
    return "Save it as JPEG or PNG." if "read" in verdict else "Put the photograph itself in its place."

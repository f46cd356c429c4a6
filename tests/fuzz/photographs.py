"""Sound photographs in every format and flavour that is accepted, drawn here."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

SIDE = 48


def photographs() -> dict[str, bytes]:
    """Return a small file for every decoder and every one of its branches that Pillow can write."""
    rgb = _picture("RGB")
    exif = _exif()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "words " * 40, zip=True)
    text.add_itxt("Title", "Ünïcode")
    files = {
        "jpeg": _file(rgb, "JPEG", quality=85),
        "jpeg-progressive": _file(rgb, "JPEG", progressive=True, exif=exif, icc_profile=profile),
        "jpeg-grey": _file(_picture("L"), "JPEG", quality=60),
        "jpeg-cmyk": _file(_picture("CMYK"), "JPEG"),
        "jpeg-restarts": _file(rgb, "JPEG", restart_marker_blocks=2, subsampling=2, comment=b"hello"),
        "mpo": _animation("MPO"),
        "png": _file(rgb, "PNG", exif=exif, icc_profile=profile, pnginfo=text, dpi=(72, 72)),
        "png-palette": _file(rgb.convert("P"), "PNG", transparency=bytes(range(200))),
        "png-grey-16": _file(_picture("I;16"), "PNG"),
        "png-alpha": _file(_picture("RGBA"), "PNG"),
        "png-bits": _file(_picture("1"), "PNG"),
        "png-animated": _animation("PNG"),
        "png-interlaced": _interlaced_png(),
        "webp": _file(rgb, "WEBP", quality=70),
        "webp-lossless": _file(_picture("RGBA"), "WEBP", lossless=True, exif=exif, icc_profile=profile),
        "webp-animated": _animation("WEBP"),
        "gif": _file(rgb.convert("P"), "GIF", comment=b"hello"),
        "gif-animated": _animation("GIF", transparency=3),
        "bmp": _file(rgb, "BMP"),
        "bmp-palette": _file(rgb.convert("P"), "BMP"),
        "avif": _file(rgb, "AVIF", quality=60, speed=10, exif=exif),
        "ppm": _file(rgb, "PPM"),
        "pgm-ascii": b"P2\n# words\n4 3\n255\n" + b" ".join(b"%d" % v for v in range(12)) + b"\n",
        "pgm-16": b"P5 4 4 65535\n" + struct.pack(">16H", *range(0, 65536, 4096)),
        "pfm": b"Pf\n4 4\n-1.0\n" + struct.pack("<16f", *(v / 16 for v in range(16))),
    }
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "tiff_deflate"):
        files[f"tiff-{compression or 'raw'}"] = _file(rgb, "TIFF", compression=compression)
    files["tiff-pages"] = _animation("TIFF")
    files["tiff-fax"] = _file(_picture("1"), "TIFF", compression="group4")
    files["tiff-float"] = _file(_picture("F"), "TIFF", icc_profile=profile)
    files["tiff-lab"] = _file(_picture("LAB"), "TIFF")
    files["tiff-cmyk"] = _file(_picture("CMYK"), "TIFF", compression="tiff_lzw")
    return files


def _picture(mode: str) -> Image.Image:
    """Return noise over a gradient, so that every compression has something to do."""
    ramp = np.linspace(0, 200, SIDE)[:, None, None] + np.linspace(0, 40, SIDE)[None, :, None]
    noise = np.random.default_rng(3).integers(0, 16, (SIDE, SIDE, 4))
    pixels = (ramp + noise).astype(np.uint8)
    if mode == "I;16":
        return Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray((pixels[:, :, 0] / 255).astype(np.float32))
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        there = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
        converted = ImageCms.applyTransform(Image.fromarray(pixels[:, :, :3]), there)
        assert converted is not None
        return converted
    return Image.fromarray(pixels, "RGBA" if mode == "RGBA" else None).convert(mode)


def _file(image: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _animation(kind: str, **options: Any) -> bytes:  # noqa: ANN401
    """Return three frames; drawn anew, because Pillow leaves settings of one format on a saved picture."""
    frames = [_picture("RGB").rotate(90 * turn) for turn in range(3)]
    return _file(frames[0], kind, save_all=True, append_images=frames[1:], **options)


def _exif() -> bytes:
    """Return EXIF with an orientation, a nested directory and text."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a picture"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0words"
    return exif.tobytes()


def _interlaced_png() -> bytes:
    """Return an 8 x 8 grey PNG in Adam7 order, which Pillow reads but does not write."""
    passes = ((1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4))
    rows = b"".join((b"\0" + bytes(range(width))) * height for width, height in passes)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)),
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND", b""),
        )
    )


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Return a PNG chunk with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

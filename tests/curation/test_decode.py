"""Decoding: every mode of picture to exact RGB, every kind of bad file to a message that helps."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile

from gallery.curation.decode import decode, pixel_digest, read_photograph
from gallery.curation.problems import SourceError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:  # noqa: ANN401
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height: int = 64, width: int = 96) -> Image.Image:
    values = np.random.default_rng(0x5EED).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def pixel(data: bytes, row: int = 0, col: int = 0) -> tuple[int, ...]:
    pixels = decode(data, "a.png")
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    return tuple(int(v) for v in pixels[row, col])


def marked() -> Image.Image:
    """A 4 x 2 (H x W) picture: red top left, green top right, blue bottom left, white elsewhere."""
    image = Image.new("RGB", (2, 4), WHITE)
    image.putpixel((0, 0), RED)
    image.putpixel((1, 0), GREEN)
    image.putpixel((0, 3), BLUE)
    return image


# What the four corners (top left, top right, bottom left, bottom right) hold once upright.
ORIENTED = {
    1: (RED, GREEN, BLUE, WHITE),
    2: (GREEN, RED, WHITE, BLUE),
    3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN),
    5: (RED, BLUE, GREEN, WHITE),
    6: (BLUE, RED, WHITE, GREEN),
    7: (WHITE, GREEN, BLUE, RED),
    8: (GREEN, WHITE, RED, BLUE),
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", sorted(ORIENTED))
def test_exif_orientation_is_applied_once(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode(encode(marked(), kind, exif=exif, **options), "a")
    assert pixels.shape == ((4, 2, 3) if orientation < 5 else (2, 4, 3))
    corners = (pixels[0, 0], pixels[0, -1], pixels[-1, 0], pixels[-1, -1])
    assert tuple(tuple(int(v) for v in c) for c in corners) == ORIENTED[orientation]


def test_a_rotated_jpeg_becomes_upright() -> None:
    exif = Image.Exif()
    exif[274] = 6
    image = Image.new("RGB", (64, 32), BLUE)
    image.paste(RED, (0, 0, 32, 32))
    pixels = decode(encode(image, "JPEG", exif=exif, quality=95), "a.jpg")
    assert pixels.shape == (64, 32, 3)
    assert pixels[8, 16, 0] > 240  # the left half is on top now
    assert pixels[56, 16, 2] > 240


def test_malformed_exif_does_not_matter() -> None:
    data = encode(
        Image.new("RGB", (8, 8), RED), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xffgarbage", quality=95
    )
    assert decode(data, "a.jpg").shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 1, (255, 255, 255)),
        ("1", 0, (0, 0, 0)),
        ("L", 77, (77, 77, 77)),
        ("LA", (100, 255), (100, 100, 100)),
        ("LA", (100, 0), (255, 255, 255)),
        ("LA", (0, 51), (204, 204, 204)),
        ("RGB", (1, 2, 3), (1, 2, 3)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 51), (255, 204, 204)),
        ("I;16", 0, (0, 0, 0)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 0xABAB, (0xAB, 0xAB, 0xAB)),
        ("I;16", 128, (0, 0, 0)),
        ("I;16", 129, (1, 1, 1)),
    ],
)
def test_every_png_mode_gives_the_exact_pixel(mode: str, value: Any, expected: tuple[int, ...]) -> None:  # noqa: ANN401
    assert pixel(encode(Image.new(mode, (4, 3), value))) == expected


def test_size_is_height_then_width() -> None:
    assert decode(encode(Image.new("RGB", (5, 3))), "a").shape == (3, 5, 3)


def test_a_palette_becomes_its_colours() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([9, 9, 9, 10, 200, 30])
    assert pixel(encode(image)) == (10, 200, 30)


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])], ids=["index", "alpha per entry"])
def test_a_transparent_palette_entry_is_white(transparency: int | bytes) -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpixel((1, 0), 0)
    image.putpalette([9, 8, 7, 10, 200, 30])
    data = encode(image, transparency=transparency)
    assert pixel(data) == WHITE
    assert pixel(data, 0, 1) == (9, 8, 7)


@pytest.mark.parametrize(
    ("mode", "value", "key"), [("L", 7, 7), ("RGB", (7, 8, 9), (7, 8, 9)), ("I;16", 700, 700)]
)
def test_a_colour_key_is_white(mode: str, value: Any, key: Any) -> None:  # noqa: ANN401
    assert pixel(encode(Image.new(mode, (4, 4), value), transparency=key)) == WHITE


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_is_converted(kind: str) -> None:
    """Pure cyan ink lets green and blue through; JPEG stores Adobe's inverted values."""
    data = encode(
        Image.new("CMYK", (16, 16), (255, 0, 0, 0)), kind, **({"quality": 100} if kind == "JPEG" else {})
    )
    assert np.abs(np.array(pixel(data)) - np.array([0, 255, 255])).max() <= 2


def test_black_ink_is_black() -> None:
    assert pixel(encode(Image.new("CMYK", (4, 4), (0, 0, 0, 255)), "TIFF")) == (0, 0, 0)


def ppm16(value: int) -> bytes:
    return b"P5 2 2 65535\n" + struct.pack(">4H", *[value] * 4)


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (65535, 255), (257 * 9, 9)])
def test_a_16_bit_pgm_is_scaled(value: int, expected: int) -> None:
    assert pixel(ppm16(value)) == (expected,) * 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 65535, 257, 514], [0, 255, 1, 2]),
        ([0, 131070, 65535, 0], [0, 255, 128, 0]),
        ([-10, 245, 0, 1], [0, 255, 10, 11]),
    ],
    ids=["as 16-bit", "stretched", "negative"],
)
def test_32_bit_integers_are_scaled(values: list[int], expected: list[int]) -> None:
    image = Image.fromarray(np.array(values, dtype=np.int32).reshape(2, 2))
    assert decode(encode(image, "TIFF"), "a.tif")[:, :, 1].ravel().tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0, 0.5, 0.2], [0, 255, 128, 51]),
        ([0.0, 255.0, 12.4, 12.6], [0, 255, 12, 13]),
        ([-1.0, 1.0, 0.0, -1.0], [0, 255, 128, 0]),
        ([300.0, 300.0, 300.0, 300.0], [0, 0, 0, 0]),
    ],
    ids=["unit", "bytes", "stretched", "constant"],
)
def test_floats_are_scaled(values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array(values, dtype=np.float32).reshape(2, 2))
    assert decode(encode(image, "TIFF"), "a.tif")[:, :, 0].ravel().tolist() == expected


def test_floats_that_are_not_finite_are_refused() -> None:
    image = Image.fromarray(np.array([[0, np.nan], [1, 1]], dtype=np.float32))
    with pytest.raises(SourceError, match="NaN or infinite"):
        decode(encode(image, "TIFF"), "a.tif")


def test_a_12_bit_tiff_fills_the_range() -> None:
    samples = [4095, 0, 0, 4095]
    packed = b"".join(
        bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in zip(*[iter(samples)] * 2, strict=True)
    )
    assert decode(tiff(packed, bits=12, photometric=1), "a.tif")[:, :, 0].tolist() == [[255, 0], [0, 255]]


def test_a_16_bit_tiff_whose_zero_is_white_is_inverted() -> None:
    packed = struct.pack("<4H", 0, 65535, 257, 0)
    assert decode(tiff(packed, bits=16, photometric=0), "a.tif")[:, :, 0].tolist() == [[255, 0], [254, 255]]


def tiff(strip: bytes, *, bits: int, photometric: int) -> bytes:
    """A 2 x 2 grey TIFF, uncompressed, little-endian."""
    tags = [
        (256, 2),
        (257, 2),
        (258, bits),
        (259, 1),
        (262, photometric),
        (273, 0),
        (277, 1),
        (278, 2),
        (279, len(strip)),
    ]
    start = 8 + 2 + 12 * len(tags) + 4
    entries = [struct.pack("<HHII", tag, 3, 1, start if tag == 273 else value) for tag, value in tags]
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + b"".join(entries) + bytes(4) + strip


def test_lab_is_converted() -> None:
    data = encode(Image.new("LAB", (4, 4), (255, 128, 128)), "TIFF")
    assert min(pixel(data)) >= 253


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    assert pixel(encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)) == RED


def srgb_encoded(linear: float) -> float:
    """Return IEC 61966-2-1's curve for a linear value in [0, 1]."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def test_an_embedded_profile_is_converted_to_srgb() -> None:
    """Samples tagged as linear light come out on sRGB's curve; without the tag they stay as they are."""
    image = Image.new("RGB", (4, 4), (10, 120, 200))
    assert pixel(encode(image)) == (10, 120, 200)
    expected = [255 * srgb_encoded(value / 255) for value in (10, 120, 200)]
    found = pixel(encode(image, icc_profile=linear_light_profile()))
    assert np.abs(np.array(found) - expected).max() <= 1
    assert pixel(encode(Image.new("RGB", (4, 4), WHITE), icc_profile=linear_light_profile())) == WHITE


def test_alpha_survives_a_profile() -> None:
    data = encode(Image.new("RGBA", (4, 4), (10, 120, 200, 0)), icc_profile=linear_light_profile())
    assert pixel(data) == WHITE


def linear_light_profile() -> bytes:
    """Return sRGB's profile with the curves replaced by gamma 1.0 (linear light)."""
    original = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = bytearray(original)
    n_tags = struct.unpack(">I", data[128:132])[0]
    for i in range(n_tags):
        name, offset, _ = struct.unpack(">4sII", data[132 + 12 * i : 144 + 12 * i])
        if name in {b"rTRC", b"gTRC", b"bTRC"}:
            data[offset : offset + 12] = b"curv" + bytes(4) + bytes(4)
        if name == b"desc":
            at = bytes(data).find("sRGB".encode("utf-16-be"), offset)
            data[at : at + 8] = "line".encode("utf-16-be")
    return bytes(data)


@pytest.mark.parametrize(
    "profile",
    [b"not a profile", b"", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()],
    ids=["malformed", "empty", "another colour space"],
)
def test_an_unusable_profile_is_ignored(profile: bytes) -> None:
    assert pixel(encode(Image.new("RGB", (4, 4), (10, 120, 200)), "TIFF", icc_profile=profile)) == (
        10,
        120,
        200,
    )


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = noise(16, 16)
    assert (decode(encode(image, icc_profile=profile), "a") == np.asarray(image)).all()


def test_avif_is_read() -> None:
    assert decode(encode(Image.new("RGB", (32, 32), RED), "AVIF"), "a.avif").shape == (32, 32, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.9])
def test_a_truncated_file_is_an_error(kind: str, kept: float) -> None:
    data = encode(noise(), kind)
    with pytest.raises(SourceError, match=r"^cut\.x: .*(damaged|not a photograph)"):
        decode(data[: int(len(data) * kept)], "cut.x")


def test_a_truncated_progressive_jpeg_is_an_error() -> None:
    data = encode(noise(), "JPEG", progressive=True)
    for n_bytes in range(len(data) // 4, len(data) - 2, 97):
        with pytest.raises(SourceError):
            decode(data[:n_bytes], "a.jpg")


@pytest.mark.parametrize(
    "thumbnail", [b"", b"\xff\xd8\xff\xda\x00\x02\xff\xd9"], ids=["plain", "with a thumbnail"]
)
def test_a_jpeg_padded_with_zeros_is_an_error(thumbnail: bytes) -> None:
    data = encode(noise(), "JPEG", exif=b"Exif\x00\x00" + thumbnail)
    assert decode(data, "a.jpg").shape == (64, 96, 3)
    half = len(data) // 2
    with pytest.raises(SourceError, match="the end of the picture is missing"):
        decode(data[:half] + bytes(len(data) - half), "a.jpg")


def test_what_follows_the_end_of_a_jpeg_does_not_matter() -> None:
    data = encode(noise(), "JPEG")
    assert (decode(data + b"\xff\xda appended film" + bytes(50), "a.jpg") == decode(data, "a.jpg")).all()


def test_a_global_switch_for_truncated_files_is_overruled_and_restored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encode(noise(), "JPEG")
    with pytest.raises(SourceError, match="damaged or cut off"):
        decode(data[: len(data) // 2], "a.jpg")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [(40_000, 40_000, "1,600,000,000 pixels"), (12_000, 10_000, "120,000,000 pixels")],
)
def test_a_bomb_is_refused_from_its_header(width: int, height: int, said: str) -> None:
    with pytest.raises(SourceError, match=f"{said}; at most 100,000,000") as caught:
        decode(png_header(width, height), "bomb.png")
    assert "smaller" in caught.value.fix


def test_the_pixel_limit_can_be_set() -> None:
    data = encode(Image.new("RGB", (10, 10)))
    assert decode(data, "a", max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(SourceError, match="at most 99"):
        decode(data, "a", max_pixels=99)


@pytest.mark.parametrize(("width", "height"), [(1, 9), (9, 1)])
def test_a_picture_one_pixel_wide_is_refused(width: int, height: int) -> None:
    with pytest.raises(SourceError, match=f"{width} x {height} px"):
        decode(encode(Image.new("RGB", (width, height))), "a.png")


def test_a_picture_of_two_by_two_is_accepted() -> None:
    assert decode(encode(Image.new("RGB", (2, 2))), "a.png").shape == (2, 2, 3)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (0, 0)])
def test_a_picture_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(SourceError, match=r"^empty\.png: "):
        decode(png_header(*size), "empty.png")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty"),
        (b"hello, I am a text\n", "is text, not a photograph"),
        ("grüße".encode(), "is text, not a photograph"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b'<?xml version="1.0"?><svg xmlns="x">', "is an SVG drawing"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00", "is a HEIC photograph"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00", "is a film"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (b"PK\x03\x04\x14\x00", "is a zip archive"),
        (b"8BPS\x00\x01", "is a Photoshop file"),
        (b"\x89PNG\r\n\x1a\n", "starts like a PNG file but is damaged"),
        (bytes(range(1, 200)), "is not a photograph in a format that can be read"),
    ],
)
def test_what_is_no_photograph_is_named(data: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        decode(data, "odd.png")
    assert caught.value.where == "odd.png"
    assert caught.value.fix


def broken_png(damage: Callable[[bytearray], None]) -> bytes:
    data = bytearray(encode(noise(8, 8)))
    damage(data)
    return bytes(data)


def test_a_flipped_byte_in_the_pixels_of_a_png_is_an_error() -> None:
    def flip(data: bytearray) -> None:
        data[data.index(b"IDAT") + 20] ^= 0xFF

    with pytest.raises(SourceError, match="damaged"):
        decode(broken_png(flip), "a.png")


def test_a_file_is_read_with_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(Image.new("RGB", (2, 2), RED)))
    photograph = read_photograph(path, "a.png", label="red")
    assert photograph.label == "red"
    assert photograph.pixels[0, 0].tolist() == [255, 0, 0]
    assert len(photograph.sha256) == 64


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"photos/a\.png: There is no such file"):
        read_photograph(tmp_path / "a.png", "photos/a.png")
    with pytest.raises(SourceError, match="It is not a file"):
        read_photograph(tmp_path, "photos")
    with pytest.raises(SourceError, match="no such file"):
        read_photograph(tmp_path / "a\0.png", "a")


def test_digest_depends_on_shape_and_bytes() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert pixel_digest(pixels) == pixel_digest(np.asfortranarray(pixels))
    assert pixel_digest(pixels) != pixel_digest(pixels.reshape(4, 2, 3))
    assert pixel_digest(pixels) != pixel_digest(pixels + 1)

"""Files made to harm: bombs, absurd numbers, odd metadata, odd names, links in circles."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from gallery.cli.say import plain
from gallery.curation.decode import decode, read_photograph
from gallery.curation.problems import SourceError
from gallery.curation.sources import list_source
from tests.fuzz.photographs import photographs, png_chunk

SOUND = photographs()["png-bits"]
HUGE = 2**31 - 1
BOMB = zlib.compress(bytes(64 * 1024**2), 9)
"""64 MiB of zeros in 65 kB."""


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a sound PNG with chunks added behind its header."""
    return SOUND[:33] + b"".join(png_chunk(*chunk) for chunk in chunks) + SOUND[33:]


def bmp(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def tiff(width: int, height: int) -> bytes:
    tags = (
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, height),
        (279, 1),
    )
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + body + bytes(4)


@pytest.mark.parametrize(
    "data",
    [
        bmp(HUGE, HUGE), bmp(60_000, -60_000), tiff(HUGE, HUGE), tiff(100_000, 100_000),
        b"P6 2000000000 2000000000 255\n", b"P3 99999 99999 255\n1 2 3", b"Pf\n99999 99999\n-1.0\n",
        b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;",
    ],
    ids=["bmp", "bmp upside down", "tiff", "tiff 10 GB", "ppm", "ppm text", "pfm", "gif"],
)  # fmt: skip
def test_absurd_dimensions_are_refused_before_memory_is_taken(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^x: "):
        decode(data, "x")


@pytest.mark.parametrize(
    "chunk",
    [(b"zTXt", b"a\0\0" + BOMB), (b"iTXt", b"a\0\1\0\0\0" + BOMB), (b"iCCP", b"a\0\0" + BOMB)],
    ids=["text", "international text", "profile"],
)
def test_a_bomb_in_the_metadata_is_not_unpacked(chunk: tuple[bytes, bytes]) -> None:
    with pytest.raises(SourceError, match="The picture is damaged"):
        decode(png_with(chunk), "x")


@pytest.mark.parametrize("pixels", [99_999, 2])
def test_a_bomb_in_the_pixels_stops_at_the_declared_size(pixels: int) -> None:
    header = struct.pack(">IIBBBBB", 9, pixels, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        (png_chunk(b"IHDR", header), png_chunk(b"IDAT", BOMB), png_chunk(b"IEND", b""))
    )
    assert decode(data, "x").shape == (pixels, 9, 3)


def directory(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    """Return EXIF with one directory."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following)


@pytest.mark.parametrize(
    "exif",
    [
        directory((0x8769, 4, 1, 8)),  # a directory inside itself
        directory((0x0112, 3, 1, 6), following=8),  # one that follows itself
        directory((0x0112, 2, 0xFFFFFFFF, 8)),  # text of 4 GiB
        directory((0x0112, 12, 1, 0xFFFFFFFF)),
        directory((0x0112, 3, 2, 0x00060006)),
        directory((0x0112, 5, 1, 8)),  # a fraction whose parts are the directory itself
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0" + bytes(8),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_malformed_exif_does_not_matter(exif: bytes, kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 4)).save(buffer, kind, exif=exif)
    assert sorted(decode(buffer.getvalue(), "x").shape) == [3, 4, 6]


def test_a_malformed_profile_does_not_matter() -> None:
    sound = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    draw = np.random.default_rng(0)
    for _ in range(40):
        profile = bytearray(sound)
        for at in draw.integers(0, len(sound), 6):
            profile[at] = draw.integers(256)
        buffer = io.BytesIO()
        Image.new("RGB", (4, 4), (9, 8, 7)).save(
            buffer, "PNG", icc_profile=bytes(profile[: draw.integers(500, 700)])
        )
        assert decode(buffer.getvalue(), "x").shape == (4, 4, 3)


def test_links_in_circles_devices_and_pipes_are_no_photographs(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "b.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("a.png", "zero.png", "pipe.png"):
        with pytest.raises(SourceError, match=name):
            read_photograph(tmp_path / name, name)


def test_a_folder_that_holds_itself_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.png").write_bytes(SOUND)
    (tmp_path / "photos/again").symlink_to(tmp_path / "photos")
    assert [item.where for item in list_source("folder:photos", tmp_path)] == ["photos/a.png"]


NAMES = ("\x1b]0;owned\x07.png", "a\nb.png", "\u202egnp.exe.png", "tab\t.png", "\x7f.png", "-rf.png", "..png")


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_become_plain_ids_and_harmless_messages(tmp_path: Path, name: str) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / f"x{name}").write_bytes(b"no picture")
    (item,) = list_source("folder:p", tmp_path)
    title = getattr(item, "title", "")
    assert title.isprintable()
    shown = plain(item.where)
    assert all(character.isprintable() or character in "\n\t" for character in shown)

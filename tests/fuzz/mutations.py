"""Damage to files: blind (cuts, flips, splices) and informed (chunks, segments, boxes and their lengths)."""

import random
import struct
from collections.abc import Callable, Sequence

from tests.fuzz.photographs import png_chunk

Mutation = Callable[[bytes, bytes, random.Random], bytes]
ODD = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers at which parsers go wrong."""


def truncated(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Cut the end off."""
    return data[: draw.randrange(len(data))]


def flipped(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Flip up to 16 bits."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 16)):
        changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def flipped_early(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Flip bits in the first 200 bytes, where headers are."""
    return flipped(data[:200], other, draw) + data[200:]


def spliced(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Go on with another file half-way."""
    return data[: draw.randrange(1, len(data))] + other[draw.randrange(len(other)) :]


def repeated(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Insert a part of the file again somewhere, up to 64 times."""
    start, at = draw.randrange(len(data)), draw.randrange(len(data))
    part = data[start : start + draw.randint(1, 64)]
    return data[:at] + part * draw.choice((1, 2, 64)) + data[at:]


def removed(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Leave a part out."""
    at = draw.randrange(len(data))
    return data[:at] + data[at + draw.randint(1, 64) :]


def overwritten(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Overwrite a part with zeros, ones or noise."""
    at, n = draw.randrange(len(data)), draw.randint(1, 64)
    part = draw.choice((bytes(n), b"\xff" * n, draw.randbytes(n)))
    return data[:at] + part + data[at + n :]


def odd_number(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Write a number at which parsers go wrong over two or four bytes, one to three times."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        form = draw.choice(("<H", ">H", "<I", ">I"))
        size = struct.calcsize(form)
        at = draw.randrange(min(len(data), draw.choice((64, 400, len(data)))))
        changed[at : at + size] = struct.pack(form, draw.choice(ODD) & (256**size - 1))
    return bytes(changed)


def surgery(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """Drop, double, swap, empty or damage parts of the file's own structure; checksums are made right."""
    if data.startswith(b"\x89PNG"):
        return data[:8] + b"".join(png_chunk(*part) for part in _operated(_png_parts(data), draw))
    if data.startswith(b"\xff\xd8"):
        return b"\xff\xd8" + b"".join(_segment(*part) for part in _operated(_jpeg_parts(data), draw))
    if data.startswith(b"RIFF"):
        body = b"".join(_riff_chunk(*part) for part in _operated(_riff_parts(data), draw))
        return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    if data[4:8] == b"ftyp":
        return b"".join(_box(*part) for part in _operated(_boxes(data), draw))
    if data[:4] in {b"II*\0", b"MM\0*"}:
        return _odd_tag(data, draw)
    return odd_number(data, other, draw)


BLIND: Sequence[Mutation] = (
    truncated, flipped, flipped_early, spliced, repeated, removed, overwritten, odd_number,
)  # fmt: skip
MUTATIONS: Sequence[Mutation] = (*BLIND, surgery, surgery, surgery)


def _operated(parts: list[tuple[bytes, bytes]], draw: random.Random) -> list[tuple[bytes, bytes]]:
    """Change a list of named parts once or twice."""
    for _ in range(draw.randint(1, 2)):
        if not parts:
            break
        i, j = draw.randrange(len(parts)), draw.randrange(len(parts))
        name, content = parts[i]
        match draw.randrange(6):
            case 0:
                del parts[i]
            case 1:
                parts.insert(j, parts[i])
            case 2:
                parts[i], parts[j] = parts[j], parts[i]
            case 3:
                parts[i] = (name, b"")
            case 4 if content:
                parts[i] = (name, draw.choice((flipped, odd_number, truncated, repeated))(content, b"", draw))
            case _:
                parts[i] = (parts[j][0], content)
    return parts


def _png_parts(data: bytes) -> list[tuple[bytes, bytes]]:
    parts, at = [], 8
    while at + 8 <= len(data):
        (n,) = struct.unpack_from(">I", data, at)
        parts.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + n]))
        at += 12 + n
    return parts


def _jpeg_parts(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the segments up to the first scan, which is one part with all that follows."""
    parts, at = [], 2
    while data[at + 1] != 0xDA:
        (n,) = struct.unpack_from(">H", data, at + 2)
        parts.append((data[at : at + 2], data[at + 4 : at + 2 + n]))
        at += 2 + n
    return [*parts, (b"", data[at:])]


def _segment(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">H", min(len(content) + 2, 0xFFFF)) + content if name else content


def _riff_parts(data: bytes) -> list[tuple[bytes, bytes]]:
    parts, at = [], 12
    while at + 8 <= len(data):
        (n,) = struct.unpack_from("<I", data, at + 4)
        parts.append((data[at : at + 4], data[at + 8 : at + 8 + n]))
        at += 8 + n + n % 2
    return parts


def _riff_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    parts, at = [], 0
    while at + 8 <= len(data):
        (n,) = struct.unpack_from(">I", data, at)
        n = n if n >= 8 else len(data) - at
        parts.append((data[at + 4 : at + 8], data[at + 8 : at + n]))
        at += n
    return parts


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _odd_tag(data: bytes, draw: random.Random) -> bytes:
    """Change the type, count or value of entries of a TIFF's first directory, or where the next one is."""
    order = "<" if data.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (n,) = struct.unpack_from(f"{order}H", data, start)
    changed = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        entry = start + 2 + 12 * draw.randrange(n)
        at, form = draw.choice(((0, "H"), (2, "H"), (4, "I"), (8, "I"), (8, "H")))
        limit = 256 ** struct.calcsize(form) - 1
        struct.pack_into(f"{order}{form}", changed, entry + at, draw.choice((*ODD, start, 13)) & limit)
    if draw.random() < 0.2:
        struct.pack_into(f"{order}I", changed, start + 2 + 12 * n, draw.choice((start, 8, 0xFFFFFFFF)))
    return bytes(changed)

"""Everything a file says, also where it is packed: zip in zip, npz, gzip, PNG text, PDF streams."""

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


def contents(data: bytes) -> Iterator[bytes]:
    """Yield ``data``, and whatever is compressed in it, as plain bytes."""
    yield data
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            yield packed.comment
            for entry in packed.infolist():
                yield entry.filename.encode() + entry.comment + entry.extra
                yield from contents(packed.read(entry))
    elif data.startswith(b"\x1f\x8b"):
        yield from contents(gzip.decompress(data))
    elif data.startswith(b"\x89PNG"):
        yield from _png_texts(data)
    elif data.startswith(b"%PDF"):
        for stream in _STREAM.findall(data):
            yield from _inflated(stream)


def _png_texts(data: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(data):
        (n,) = struct.unpack_from(">I", data, at)
        name, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + n]
        if name in {b"zTXt", b"iTXt", b"iCCP"}:
            for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content):
                yield from _inflated(content[start.start() :])
        at += 12 + n


def _inflated(data: bytes) -> Iterator[bytes]:
    try:
        yield zlib.decompress(data)
    except zlib.error:
        return

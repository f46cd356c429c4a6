"""Everything about one image in one zip: arrays, numbers, figures, citation, and a README on them."""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from gallery.records import ImageResult
from gallery.render.pages.citation import Citation
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Link
from gallery.render.pages.raw_data import BUNDLE
from gallery.render.pages.wording import one_line, probability

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of every member: the earliest that zip knows."""
_UNIX = 3
TAKEN = {".json", ".npz", ".npy", ".svg", ".pdf", ".dot", ".bib", ".jpg", ".csv"}
"""Kinds of files an archive holds; heatmaps as PNG are many times as large as the same as PDF and SVG."""
PICTURES = {"strip.png", "strip-column.png", "slide.png"}
_PACKED = {".json", ".npy", ".svg", ".dot", ".bib", ".csv", ".txt"}  # the others are compressed already
_SAID = {
    **BUNDLE,
    "sag.json": "the structured attention graph, in node-link form",
    "sag.dot": "the same as Graphviz source",
    "sag.pdf": "the same, drawn (also .svg)",
    "sag-column.pdf": "the top of the graph for one column of a paper, 3.25 in (also .svg)",
    "strip.pdf": "photograph, heatmaps and smallest sufficient set side by side, 6.875 in (also .svg, .png)",
    "strip-column.pdf": "the same for one column, 3.25 in (also .svg, .png)",
    "slide.png": "the same as a 16:9 slide (also .svg)",
    "photo.jpg": "the photograph as the classifier sees it",
    "segments.svg": "the superpixels and their numbers",
    "<method>.pdf": "a heatmap over the photograph, with colour bar and caption (also .svg)",
}


def write_archive(results: Sequence[ImageResult], citation: Citation, output: Output) -> Link:
    """Write the archive of one image, of files that are all written already; return its link.

    The same files give the same bytes: names are sorted and dates fixed.

    Args:
        results: Of this image, one per classifier.
        citation: Of its page.
        output: Holds the files.
    """
    image_id = results[0].image.id
    folder = f"i/{image_id}/"
    files = {
        path.removeprefix(folder): output.read(path)
        for path in output.paths(folder)
        if PurePosixPath(path).suffix in TAKEN or PurePosixPath(path).name in PICTURES
    }
    files["README.txt"] = readme(results, citation, sorted(files)).encode()
    stamp = [(name, hashlib.sha256(files[name]).hexdigest()) for name in sorted(files)]
    path = output.figure(f"{folder}{image_id}.zip", ("archive", stamp), lambda: pack(files, image_id))
    size = output.size(path) / 1e6
    note = f"arrays, numbers, figures as PDF and SVG, citation, and a README; {size:.1f} MB"
    return Link(path, f"{image_id}.zip", note)


def pack(files: Mapping[str, bytes], folder: str) -> bytes:
    """Return files as a zip with everything in one folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{folder}/{name}", _EPOCH)
            is_packed = PurePosixPath(name).suffix in _PACKED
            info.compress_type = zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED
            info.create_system, info.external_attr = _UNIX, 0o644 << 16
            archive.writestr(info, files[name], compresslevel=6)
    return buffer.getvalue()


def readme(results: Sequence[ImageResult], citation: Citation, names: Sequence[str]) -> str:
    """Return the text that says what is what."""
    image = results[0].image
    credit = image.credit
    lines = [
        one_line(image.title),
        "=" * 72,
        f"Image {image.id}, from: {citation.gallery}, version {citation.version}",
        *([f"Page: {citation.url}"] if citation.url else []),
        f"Photograph: {credit.author}; licence: {credit.licence}; read from: {image.source}",
        *([f"Found at: {credit.source_url}"] if credit.source_url else []),
        *([f"Note: {credit.note}"] if credit.note else []),
        f"SHA-256 of its pixels: {image.digest}",
        "",
        "The photograph and every picture made of it are under the licence of the photograph.",
        "To cite, see cite.bib (BibTeX) and cite.csl.json (CSL-JSON).",
        "",
        "One folder per classifier:",
        *(_about(result) for result in results),
        "",
        "In each of them:",
        *(f"  {name:<22} {text}" for name, text in _SAID.items() if _occurs(name, names)),
        "",
        "Arrays are NumPy files: numpy.load('heatmaps.npz')['<method>'] is a float32 (H, W) map of raw",
        "values, not scaled. Patches are numbered row by row from 0; explanations.json lists them by number.",
        "Every figure names image, classifier, method, options and source in its own metadata.",
        "The heatmaps as PNG at 300 dpi are on the page.",
        "",
        "Files:",
        *(f"  {name}" for name in names),
    ]
    return "\n".join(one_line(line) if not line.startswith("  ") else line for line in lines) + "\n"


def _about(result: ImageResult) -> str:
    said = f"{one_line(result.prediction.class_name)}, p = {probability(result.prediction.p_full)}"
    return f"  {result.classifier}/ explains {said}"


def _occurs(name: str, names: Sequence[str]) -> bool:
    return name.startswith("<") or any(PurePosixPath(given).name == name for given in names)

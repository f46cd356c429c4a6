"""Every figure of an image page, drawn through the cache."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from gallery.records import ClassifierCard, Explanation, Heatmap, ImageResult, MethodCard
from gallery.render.diagrams.layout import dot_version
from gallery.render.diagrams.sag import Caption, SagDrawing, draw_attention_graph
from gallery.render.documents.graph import graph_document
from gallery.render.documents.numbers import json_bytes
from gallery.render.figures.colormap import default_for
from gallery.render.figures.heat import cut_levels, grey_png
from gallery.render.figures.metadata import xmp
from gallery.render.figures.partition import Partition
from gallery.render.figures.photo import light_webp, mse_picture, photo_jpeg, thumbnail
from gallery.render.figures.printing import Provenance, overlay_pdf, overlay_png, overlay_svg
from gallery.render.figures.segment_map import segment_map
from gallery.render.figures.svg import svg_file
from gallery.render.pages.origin import Origin
from gallery.render.pages.output import Output
from gallery.render.pages.parts import Heat, Link
from gallery.render.pages.section_parts import GraphView, OutlineView
from gallery.render.pages.wording import (
    cell_list,
    count,
    grid_text,
    heatmap_alt,
    mse_alt,
    one_line,
)

THUMBNAIL_PX = 256
PHOTO_BYTES = 28_000  # leaves a page with every method within what it may weigh
MSE_PX = 224


@dataclass(frozen=True)
class Subject:
    """What is being drawn: one image under one classifier.

    Attributes:
        result: The numbers.
        card: The classifier.
        folder: Where its files go, relative to the site's root.
        prefix: Put before every anchor and id on the page.
        origin: The page, for the metadata of its figures.
    """

    result: ImageResult
    card: ClassifierCard
    folder: str
    prefix: str
    origin: Origin = field(default_factory=Origin)

    @property
    def title(self) -> str:
        """Title of the image on one line."""
        return one_line(self.result.image.title)


def draw_photo(subject: Subject, output: Output) -> tuple[str, str]:
    """Write the photograph as the classifier sees it; return the paths of WebP and JPEG."""
    view, folder = subject.result.inputs.view, subject.folder
    return (
        output.figure(
            f"{folder}/photo.webp", ("photo", view, PHOTO_BYTES), lambda: light_webp(view, PHOTO_BYTES)
        ),
        output.figure(f"{folder}/photo.jpg", ("photo", view), lambda: photo_jpeg(view)),
    )


def draw_thumbnail(subject: Subject, output: Output) -> str:
    """Write the small photograph of the tiles; return its path."""
    view = subject.result.inputs.view
    return output.figure(
        f"{subject.folder}/thumb.webp", ("thumb", view, THUMBNAIL_PX), lambda: thumbnail(view, THUMBNAIL_PX)
    )


def draw_heat(subject: Subject, heatmap: Heatmap, method: MethodCard, output: Output) -> Heat:
    """Write the grey map that the page colours, and return how to show it."""
    path = output.figure(
        f"{subject.folder}/heat-{method.name}.png",
        ("heat", heatmap.native, method.signed),
        lambda: grey_png(heatmap.native, signed=method.signed),
    )
    height, width = heatmap.native.shape
    return Heat(
        path=path,
        colormap=default_for(signed=method.signed),
        alt=heatmap_alt(method.title, heatmap, subject.result),
        size=(width, height),
        signed=method.signed,
        cuts=cut_levels(heatmap.native, heatmap.values, signed=method.signed),
    )


def draw_print_figures(
    subject: Subject, heatmap: Heatmap, method: MethodCard, output: Output
) -> tuple[Link, ...]:
    """Write a heatmap's figures for print; return links titled by format."""
    result, view = subject.result, subject.result.inputs.view
    credit = result.image.credit
    provenance = Provenance(
        title=subject.title,
        method=method.title,
        image_id=result.image.id,
        classifier=subject.card.id,
        class_name=one_line(result.prediction.class_name),
        digest=subject.card.digest,
        credit=one_line(f"{credit.author}, {credit.licence}"),
        more={
            "options": json.dumps(dict(heatmap.options), sort_keys=True, default=str),
            "layer": heatmap.layer or "none",
            "seed": "none" if heatmap.seed is None else str(heatmap.seed),
            **subject.origin.facts(result.image, f"{subject.prefix}fig-{method.name}"),
        },
    )
    key = ("print", view, heatmap.values, method.signed, provenance)
    links = []
    for kind, draw in (("png", overlay_png), ("svg", overlay_svg), ("pdf", overlay_pdf)):
        path = output.figure(
            f"{subject.folder}/{method.name}.{kind}",
            key,
            partial(draw, view, heatmap.values, provenance, signed=method.signed),
        )
        links.append(Link(path, kind.upper()))
    return tuple(links)


def draw_mse(subject: Subject, number: int, explanation: Explanation, output: Output) -> str:
    """Write the picture of an MSE's kept patches; return its path."""
    view, patches = subject.result.inputs.view, Partition.of(subject.result)
    title = f"Minimal sufficient explanation {number} of {subject.title}"
    about = about_patches(
        subject, explanation.mask, title, mse_alt(explanation, subject.result), f"mse-{number}"
    )
    return output.figure(
        f"{subject.folder}/mse-{number}.webp",
        ("mse", view, explanation.mask, patches, MSE_PX, about),
        lambda: mse_picture(view, explanation.mask, patches, side=MSE_PX, about=about),
    )


def about_patches(subject: Subject, mask: int, title: str, description: str, anchor: str) -> str:
    """Return the metadata of a picture of a patch set, as an XMP packet.

    Args:
        subject: What is being drawn.
        mask: The patches.
        title: Of the picture.
        description: Its alternative text.
        anchor: Of the set on its page, without the prefix.
    """
    mask_model = subject.result.mask_model
    facts = {"patches": cell_list(mask, mask_model), "mask model": grid_text(mask_model)}
    return xmp(title, description, facts | figure_facts(subject, f"{subject.prefix}{anchor}"))


def draw_segment_map(subject: Subject, output: Output) -> Link | None:
    """Write the photograph with its numbered superpixels as SVG; return a link, or None for a grid."""
    result = subject.result
    if result.inputs.segments is None:
        return None
    patches, title = Partition.of(result), f"Superpixels of {subject.title}"
    facts = {"mask model": grid_text(result.mask_model)} | figure_facts(subject)
    path = output.figure(
        f"{subject.folder}/segments.svg",
        ("segment map", result.inputs.view, patches, title, facts),
        lambda: svg_file(segment_map(result.inputs.view, patches, title=title, facts=facts)),
    )
    return Link(path, "Where each of them is")


def draw_graph(subject: Subject, output: Output) -> GraphView | None:
    """Write the structured attention graph's files and return its view, or None if it has no nodes."""
    result, graph = subject.result, subject.result.graph
    if not graph.nodes:
        return None
    caption, patches = graph_caption(subject), Partition.of(result)
    key = ("graph", graph, result.inputs.view, patches, subject.prefix, caption, dot_version())
    drawn = json.loads(output.draw(key, lambda: _packed(graph_drawing(subject))))
    files = {
        "png": base64.b64decode(drawn["png"]),
        "svg": drawn["svg"].encode(),
        "pdf": base64.b64decode(drawn["pdf"]),
        "dot": drawn["dot"].encode(),
        "json": json_bytes(graph_document(result, subject.card.id)),
    }
    for kind, content in files.items():
        output.write(f"{subject.folder}/sag.{kind}", content)
    return GraphView(
        svg=drawn["inline"],
        width=drawn["size"][0],
        height=drawn["size"][1],
        summary=graph_summary(result),
        outline=tuple(_outline(node) for node in drawn["outline"]),
        files=tuple(Link(f"{subject.folder}/sag.{kind}", kind.upper()) for kind in files),
    )


def _packed(drawing: SagDrawing) -> bytes:
    """Return all forms of a drawing as one JSON file, for the cache."""
    return json.dumps(
        {
            "inline": drawing.svg,
            "png": base64.b64encode(drawing.png).decode(),
            "svg": drawing.svg_file.decode(),
            "pdf": base64.b64encode(drawing.pdf).decode(),
            "dot": drawing.dot,
            "outline": [asdict(node) for node in drawing.outline],
            "size": [drawing.width, drawing.height],
        },
        sort_keys=True,
    ).encode()


def graph_drawing(subject: Subject) -> SagDrawing:
    """Return the drawn structured attention graph.

    Raises:
        RenderError: If the graph is empty or ``dot`` is missing or fails.
    """
    result = subject.result
    return draw_attention_graph(
        result.graph,
        result.inputs,
        result.mask_model,
        prefix=f"{subject.prefix}graph",
        caption=graph_caption(subject),
    )


def figure_facts(subject: Subject, anchor: str = "") -> dict[str, str]:
    """Return the provenance of any figure of an image under a classifier; ``anchor`` is its own or ""."""
    result, credit = subject.result, subject.result.image.credit
    return {
        "image": result.image.id,
        "classifier": subject.card.id,
        "classifier digest": subject.card.digest,
        "class": one_line(result.prediction.class_name),
        "credit": one_line(f"{credit.author}, {credit.licence}"),
        **subject.origin.facts(result.image, anchor),
    }


def graph_caption(subject: Subject) -> Caption:
    """Return what a drawing of the attention graph says about itself."""
    result = subject.result
    class_name = one_line(result.prediction.class_name)
    high = result.search.threshold / result.search.p_full if result.search.p_full > 0 else 1.0
    return Caption(
        title=f"Structured attention graph of {subject.title} for the class {class_name}",
        description=graph_summary(result),
        facts={"options": json.dumps(dict(result.graph.options), sort_keys=True, default=str)}
        | figure_facts(subject),
        thresholds=(float(result.graph.options["p_low"]), round(high, 6)),
    )


def graph_summary(result: ImageResult) -> str:
    """Return the size of the attention graph in words, and whether it is complete."""
    graph = result.graph
    roots = sum(node.is_root for node in graph.nodes)
    sizes = (count(roots, "root"), count(len(graph.nodes), "patch set"), count(len(graph.links), "deletion"))
    text = ", ".join(sizes)
    return (
        f"{text}; {graph.truncated} more left out by the node limit"
        if graph.truncated
        else f"{text}; complete"
    )


def _outline(node: Mapping[str, Any]) -> OutlineView:
    return OutlineView(
        node_id=node["node_id"],
        text=node["text"],
        removed=node["removed"],
        repeated=node["repeated"],
        children=tuple(_outline(child) for child in node["children"]),
    )

"""Positions from Graphviz: runs ``dot`` on DOT source and reads back where nodes, edges and labels go."""

import json
import re
import subprocess
from dataclasses import dataclass
from typing import Any

import graphviz

from gallery.errors import RenderError
from gallery.render.figures.patches import Point

TIMEOUT_S = 120.0
_MISSING = (
    "Graphviz' 'dot' is needed to draw attention graphs and was not found. Install it with "
    "'apt-get install graphviz' (Debian, Ubuntu), 'dnf install graphviz' (Fedora) or "
    "'brew install graphviz' (macOS), then run the same command again."
)


@dataclass(frozen=True)
class EdgeRoute:
    """Where one edge runs.

    Attributes:
        tail: Node name it leaves.
        head: Node name it enters.
        spline: Cubic Bezier spline, 3 n + 1 points.
        tip: Point of the arrow head.
        label: Centre of the label.
    """

    tail: str
    head: str
    spline: tuple[Point, ...]
    tip: Point
    label: Point


@dataclass(frozen=True)
class Layout:
    """A laid out graph, points, y downwards.

    Attributes:
        width: Of everything.
        height: Of everything.
        centres: Node name -> centre.
        routes: In the order of the source.
    """

    width: float
    height: float
    centres: dict[str, Point]
    routes: tuple[EdgeRoute, ...]


def lay_out(source: str, *, timeout_s: float = TIMEOUT_S) -> Layout:
    """Let ``dot`` place the nodes and edges of a graph.

    Args:
        source: DOT; every edge must have a label.
        timeout_s: After this many seconds ``dot`` is stopped.

    Raises:
        RenderError: If ``dot`` is missing, fails, takes too long or returns something unusable.
    """
    command = [graphviz.DOT_BINARY, "-Tjson0"]
    try:
        done = subprocess.run(
            command, input=source.encode(), capture_output=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError as missing:
        raise RenderError(_MISSING) from missing
    except subprocess.TimeoutExpired as late:
        raise RenderError(
            f"'dot' did not finish drawing an attention graph in {timeout_s:g} s. "
            "Lower [graph] max_nodes in the set's manifest."
        ) from late
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip() or f"it ended with status {done.returncode}"
        raise RenderError(f"'dot' could not draw an attention graph: {reason}")
    try:
        return _read(json.loads(done.stdout))
    except (KeyError, ValueError, IndexError) as unexpected:
        raise RenderError(f"'dot' {dot_version()} returned a layout that could not be read.") from unexpected


def dot_version() -> str:
    """Return the version of ``dot``, such as ``2.43.0``.

    Raises:
        RenderError: If ``dot`` is missing or does not tell.
    """
    try:
        done = subprocess.run(
            [graphviz.DOT_BINARY, "-V"], capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except FileNotFoundError as missing:
        raise RenderError(_MISSING) from missing
    found = re.search(r"version (\d+(?:\.\d+)+)", done.stderr.decode(errors="replace"))
    if found is None:
        raise RenderError("'dot -V' did not tell its version; reinstall Graphviz.")
    return found[1]


def _read(graph: dict[str, Any]) -> Layout:
    """Return the layout in dot's JSON, turned upside down (dot's y points upwards)."""
    left, bottom, right, top = (float(v) for v in graph["bb"].split(","))

    def point(text: str) -> Point:
        x, y = text.split(",")
        return (float(x) - left, top - float(y))

    objects = graph.get("objects", [])
    names = {entry["_gvid"]: entry["name"] for entry in objects}
    centres = {entry["name"]: point(entry["pos"]) for entry in objects if "pos" in entry}
    routes = []
    for edge in graph.get("edges", []):
        tip, *spline = edge["pos"].removeprefix("e,").split()
        routes.append(
            EdgeRoute(
                tail=names[edge["tail"]],
                head=names[edge["head"]],
                spline=tuple(point(p) for p in spline),
                tip=point(tip),
                label=point(edge["lp"]),
            )
        )
    return Layout(right - left, top - bottom, centres, tuple(routes))

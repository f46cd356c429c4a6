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
_REINSTALL = "Reinstall Graphviz, then run the same command again; what is finished is kept."


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
    try:
        done = _run_dot("-Tjson0", source.encode(), timeout_s)
    except subprocess.TimeoutExpired as late:
        raise RenderError(
            f"'dot' did not finish drawing an attention graph in {timeout_s:g} s. "
            "Lower [graph] max_nodes in the set's manifest."
        ) from late
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip() or f"it ended with status {done.returncode}"
        raise RenderError(f"'dot' could not draw an attention graph: {reason}. {_REINSTALL}")
    try:
        return _read(json.loads(done.stdout))
    except (KeyError, ValueError, IndexError) as unexpected:
        version = dot_version()
        raise RenderError(
            f"'dot' {version} returned a layout that could not be read. {_REINSTALL}"
        ) from unexpected


def dot_version() -> str:
    """Return the version of ``dot``, such as ``2.43.0``.

    Raises:
        RenderError: If ``dot`` is missing or does not tell.
    """
    try:
        done = _run_dot("-V", b"", TIMEOUT_S)
    except subprocess.TimeoutExpired as late:
        raise RenderError(f"'dot -V' did not end in {TIMEOUT_S:g} s. {_REINSTALL}") from late
    found = re.search(r"version (\d+(?:\.\d+)+)", done.stderr.decode(errors="replace"))
    if found is None:
        raise RenderError(f"'dot -V' did not tell its version (status {done.returncode}). {_REINSTALL}")
    return found[1]


def _run_dot(option: str, text: bytes, timeout_s: float) -> "subprocess.CompletedProcess[bytes]":
    command = [graphviz.DOT_BINARY, option]
    try:
        return subprocess.run(command, input=text, capture_output=True, timeout=timeout_s, check=False)
    except FileNotFoundError as missing:
        raise RenderError(_MISSING) from missing
    except OSError as refused:
        raise RenderError(f"'{command[0]}' cannot be run ({refused.strerror}). {_REINSTALL}") from refused


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

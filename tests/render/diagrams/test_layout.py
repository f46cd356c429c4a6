import os
from pathlib import Path

import graphviz
import pytest

from gallery.errors import RenderError
from gallery.render.diagrams.layout import dot_version, lay_out

SOURCE = 'digraph { a -> b [label="x"]; a -> c [label="y"]; }'


def test_roots_are_above_and_everything_is_inside() -> None:
    layout = lay_out(SOURCE)
    assert layout.centres["a"][1] < layout.centres["b"][1] == layout.centres["c"][1]
    for x, y in layout.centres.values():
        assert 0 <= x <= layout.width
        assert 0 <= y <= layout.height
    assert [(route.tail, route.head) for route in layout.routes] == [("a", "b"), ("a", "c")]


def test_routes_run_from_tail_to_head() -> None:
    for route in lay_out(SOURCE).routes:
        assert len(route.spline) % 3 == 1
        assert route.spline[0][1] < route.label[1] < route.tip[1]


def test_dot_tells_its_version() -> None:
    assert dot_version()[0].isdigit()


def test_errors_of_dot_are_passed_on() -> None:
    with pytest.raises(RenderError, match="syntax error"):
        lay_out("digraph {")


def test_missing_dot_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphviz, "DOT_BINARY", Path("no-such-dot"))
    for call in (lambda: lay_out(SOURCE), dot_version):
        with pytest.raises(RenderError, match="apt-get install graphviz"):
            call()


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(os.name != "posix", reason="needs shell scripts")
def test_hanging_crashing_and_babbling_dots_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphviz, "DOT_BINARY", executable(tmp_path / "slow", "exec sleep 5"))
    with pytest.raises(RenderError, match=r"did not finish .* Lower \[graph\] max_nodes"):
        lay_out(SOURCE, timeout_s=0.1)
    monkeypatch.setattr(graphviz, "DOT_BINARY", executable(tmp_path / "crash", "cat > /dev/null; exit 3"))
    with pytest.raises(RenderError, match="status 3"):
        lay_out(SOURCE)
    babble = 'cat > /dev/null; echo "dot - graphviz version 9.9.9" >&2; echo hello'
    monkeypatch.setattr(graphviz, "DOT_BINARY", executable(tmp_path / "babble", babble))
    with pytest.raises(RenderError, match=r"'dot' 9\.9\.9 returned a layout"):
        lay_out(SOURCE)

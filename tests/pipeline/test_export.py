"""The exported files, checked as a third party would: with a schema and plain torch, none of our scoring."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from gallery.errors import StoreError
from gallery.pipeline.export import export
from gallery.pipeline.workspace import Workspace
from gallery.render.documents.explanations import SCHEMA_FILE
from tests.pipeline.toy import SIDE, Recorder, ToyNet, files_of, settings_of, toy_classifier

IMAGES = ("alpha", "beta", "gamma", "grid")
TOLERANCE = 2e-6


class Bundle:
    """One exported folder, and what the network says about it."""

    def __init__(self, folder: Path) -> None:
        self.document: dict[str, Any] = json.loads((folder / "explanations.json").read_text("utf-8"))
        self.input = torch.from_numpy(np.load(folder / "input.npy", allow_pickle=False))
        self.baseline = torch.from_numpy(np.load(folder / "baseline.npy", allow_pickle=False))
        with np.load(folder / "heatmaps.npz", allow_pickle=False) as maps:
            self.maps = {name: torch.from_numpy(maps[name]) for name in maps.files}
        self.net = ToyNet(4).eval()

    def probability(self, x: torch.Tensor) -> float:
        """Return the target's softmax probability for (1, 3, H, W)."""
        with torch.no_grad():
            return float(self.net(x).softmax(1)[0, self.document["target"]["index"]])

    def keeping(self, cells: list[int]) -> float:
        """Return the probability with only these patches kept, by the formula the schema states."""
        model = self.document["mask_model"]
        bits = torch.zeros(1, 1, model["rows"], model["cols"])
        for cell in cells:
            bits[0, 0, cell // model["cols"], cell % model["cols"]] = 1
        m = F.interpolate(bits, size=(SIDE, SIDE), mode="bilinear", align_corners=model["align_corners"])
        return self.probability(self.input * m + self.baseline * (1 - m))


@pytest.fixture(scope="module")
def exported(explained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the exported tiny set."""
    out = tmp_path_factory.mktemp("exported")
    assert export(out, settings_of(), Workspace(explained), Recorder()) == len(IMAGES)
    return out


@pytest.fixture(params=IMAGES)
def bundle(request: pytest.FixtureRequest, exported: Path) -> Bundle:
    """Return one exported folder after the other."""
    return Bundle(exported / "toy-4" / request.param)


def near(value: float | list[float], tolerance: float = TOLERANCE) -> Any:  # noqa: ANN401
    """Return what equals ``value`` up to rounding of float32."""
    return pytest.approx(value, abs=tolerance)


def test_the_folders_hold_the_documented_files(exported: Path) -> None:
    names = {"explanations.json", "timings.json", "heatmaps.npz", "input.npy", "baseline.npy"}
    names |= {f"sag.{kind}" for kind in ("json", "dot", "svg", "pdf")}
    wanted = {f"toy-4/{image}/{name}" for image in IMAGES for name in names}
    assert set(files_of(exported)) == wanted | {"explanations.schema.json"}
    assert (exported / "explanations.schema.json").read_bytes() == SCHEMA_FILE.read_bytes()


def test_documents_follow_the_schema(exported: Path, bundle: Bundle) -> None:
    schema = json.loads((exported / "explanations.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(bundle.document)


def test_a_second_export_differs_in_timings_only(
    explained: Path, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gallery.render.documents.explanations.datetime", _Later)
    export(tmp_path, settings_of(), Workspace(explained), Recorder())
    before, after = files_of(exported), files_of(tmp_path)
    assert before.keys() == after.keys()
    differing = {name.rpartition("/")[2] for name in before if before[name] != after[name]}
    assert differing == {"timings.json"}


class _Later:
    """A clock that has gone on."""

    @staticmethod
    def now(zone: object) -> "_Later":
        assert zone is not None
        return _Later()

    def isoformat(self, timespec: str) -> str:
        """Return a time far from now."""
        return f"2099-01-01T00:00:00 ({timespec})"


def test_timings_hold_every_duration(exported: Path) -> None:
    timings = json.loads((exported / "toy-4/alpha/timings.json").read_text("utf-8"))
    assert timings["seconds"]["search"] > 0
    assert set(timings["seconds"]["heatmaps"]) == {"grad_cam", "rise", "igos"}
    assert all(s >= 0 for measures in timings["seconds"]["measures"].values() for s in measures.values())
    text = (exported / "toy-4/alpha/explanations.json").read_text("utf-8")
    assert "seconds" not in text
    assert timings["exported"][:2] == "20"


# --- every number, recomputed -----------------------------------------------------------------------------


def test_the_input_is_normalised_and_the_baseline_black(bundle: Bundle) -> None:
    assert bundle.input.shape == (1, 3, SIDE, SIDE)
    assert bundle.input.dtype == torch.float32
    assert float(bundle.input.min()) >= -2
    assert float(bundle.input.max()) <= 2
    assert bool((bundle.baseline == -2).all())


def test_the_prediction_is_that_of_the_input(bundle: Bundle) -> None:
    document = bundle.document
    assert bundle.probability(bundle.input) == near(document["p_full"])
    with torch.no_grad():
        probabilities = bundle.net(bundle.input).softmax(1)[0]
    for row in document["top"]:
        assert float(probabilities[row["index"]]) == near(row["probability"])
    assert [row["index"] for row in document["top"]] == probabilities.argsort(descending=True).tolist()


def test_every_explanation_is_sufficient_and_minimal(bundle: Bundle) -> None:
    document = bundle.document
    threshold = document["search"]["threshold"]
    assert threshold == near(document["search"]["options"]["p_high"] * document["p_full"], 1e-8)
    assert document["mses"]
    for mse in document["mses"]:
        p = bundle.keeping(mse["cells"])
        assert p == near(mse["probability"])
        assert mse["relative"] == near(mse["probability"] / document["p_full"], 1e-7)
        assert mse["margin"] == near(mse["probability"] - threshold, 1e-8)
        assert p >= threshold - TOLERANCE
        for cell in mse["cells"]:
            assert bundle.keeping([c for c in mse["cells"] if c != cell]) < threshold + TOLERANCE


def test_explanations_are_in_the_printed_order(bundle: Bundle) -> None:
    keys = [
        (len(m["cells"]), -m["probability"], sum(1 << c for c in m["cells"])) for m in bundle.document["mses"]
    ]
    assert keys == sorted(keys)
    assert len({tuple(m["cells"]) for m in bundle.document["mses"]}) == len(keys)


def test_diverse_selections_share_few_enough_patches(bundle: Bundle) -> None:
    mses = [set(m["cells"]) for m in bundle.document["mses"]]
    selections = bundle.document["diverse"]
    assert list(selections) == ["0", "1", "2"]
    for t, chosen in selections.items():
        assert all(len(mses[i] & mses[j]) <= int(t) for i in chosen for j in chosen if i < j)
        assert chosen
    sizes = [len(chosen) for chosen in selections.values()]
    assert sizes == sorted(sizes)


def test_every_node_has_the_probability_of_its_patches(bundle: Bundle) -> None:
    document, sag = bundle.document, bundle.document["sag"]
    for node in sag["nodes"]:
        assert bundle.keeping(node["cells"]) == near(node["probability"])
        assert node["relative"] == near(node["probability"] / document["p_full"], 1e-7)
        assert node["id"] == f"n{sum(1 << cell for cell in node['cells']):x}"
    roots = sorted(node["cells"] for node in sag["nodes"] if node["is_root"])
    assert roots == sorted(document["mses"][i]["cells"] for i in sag["roots"])


def test_every_link_takes_one_patch_away(bundle: Bundle) -> None:
    nodes = {node["id"]: node for node in bundle.document["sag"]["nodes"]}
    links = bundle.document["sag"]["links"]
    for link in links:
        source, target = nodes[link["source"]], nodes[link["target"]]
        assert target["cells"] == [cell for cell in source["cells"] if cell != link["removed"]]
        assert link["drop"] == near(source["probability"] - target["probability"], 1e-8)
    limit = bundle.document["sag"]["options"]["p_low"] * bundle.document["p_full"]
    for node in nodes.values():
        n_children = sum(link["source"] == node["id"] for link in links)
        assert n_children == (len(node["cells"]) if node["is_expanded"] else 0)
        assert node["probability"] > limit or not node["is_expanded"]


def test_the_grad_cam_map_follows_from_its_formula(bundle: Bundle) -> None:
    assert bundle.document["heatmaps"]["grad_cam"]["layer"] == toy_classifier().card.cam_layer == "features"
    activations = bundle.net.features(bundle.input).detach().double().requires_grad_()
    logits = bundle.net.head.double()(activations.mean(dim=(2, 3)))
    logits[0, bundle.document["target"]["index"]].backward()
    assert activations.grad is not None
    weights = activations.grad.mean(dim=(2, 3))
    small = (weights[:, :, None, None] * activations).sum(1, keepdim=True).clamp(min=0).detach().float()
    wanted = F.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)[0, 0]
    torch.testing.assert_close(bundle.maps["grad_cam"], wanted, atol=1e-6, rtol=1e-5)
    assert bundle.document["heatmaps"]["grad_cam"]["native_size"] == list(small.shape[-2:])


def test_the_rise_map_follows_from_its_seed(bundle: Bundle) -> None:
    facts = bundle.document["heatmaps"]["rise"]
    n, cells, p_keep = (facts["options"][name] for name in ("n_masks", "cells", "p_keep"))
    draw = torch.Generator().manual_seed(facts["seed"])
    grids = (torch.rand(n, cells, cells, generator=draw) < p_keep).float()
    side = -(-SIDE // cells)
    rows, cols = (torch.randint(0, side, (n,), generator=draw).tolist() for _ in range(2))
    total = torch.zeros(SIDE, SIDE, dtype=torch.float64)
    for grid, row, col in zip(grids, rows, cols, strict=True):
        big = F.interpolate(grid[None, None], size=((cells + 1) * side,) * 2, mode="bilinear")[0, 0]
        mask = big[row : row + SIDE, col : col + SIDE]
        total += bundle.probability(bundle.input * mask) * mask.double()
    torch.testing.assert_close(bundle.maps["rise"], (total / (n * p_keep)).float(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("method", ["grad_cam", "rise", "igos"])
def test_the_deletion_curve_follows_from_the_map(bundle: Bundle, method: str) -> None:
    order = bundle.maps[method].flatten().argsort(descending=True, stable=True)
    x = bundle.input.clone().reshape(3, -1)
    wanted = [bundle.probability(x.reshape(1, 3, SIDE, SIDE))]
    for start in range(0, SIDE * SIDE, 256):
        x[:, order[start : start + 256]] = 0
        wanted.append(bundle.probability(x.reshape(1, 3, SIDE, SIDE)))
    curve = bundle.document["curves"][method]["deletion"]
    assert curve["x"] == [0, 0.25, 0.5, 0.75, 1]
    assert curve["y"] == near(wanted)
    area = sum((a + b) / 2 for a, b in pairwise(wanted)) / (len(wanted) - 1)
    assert bundle.document["measures"][method]["deletion"] == near(area)


@pytest.mark.parametrize("method", ["grad_cam", "rise", "igos"])
def test_average_drop_follows_from_the_map(bundle: Bundle, method: str) -> None:
    values = bundle.maps[method]
    span = float(values.max() - values.min())
    keep = (values - values.min()) / span if span else torch.zeros_like(values)
    p, p_full = bundle.probability(bundle.input * keep), bundle.document["p_full"]
    measures = bundle.document["measures"][method]
    assert measures["average_drop"] == near(max(0.0, p_full - p) / p_full, 1e-5)
    assert measures["increase_in_confidence"] == float(p > p_full)


def test_ranges_are_those_of_the_maps(bundle: Bundle) -> None:
    for name, facts in bundle.document["heatmaps"].items():
        assert float(bundle.maps[name].min()) == near(facts["minimum"])
        assert float(bundle.maps[name].max()) == near(facts["maximum"])


def test_costs_add_up(bundle: Bundle) -> None:
    forwards = bundle.document["forwards"]
    stages = ("prediction", "search", "sag", "necessity", "robustness", "questions", "what_if")
    parts = [forwards[stage] for stage in stages]
    parts += [*forwards["heatmaps"].values(), *forwards["measures"].values()]
    assert forwards["total"] == sum(parts)
    assert forwards["sag"] <= len(bundle.document["sag"]["nodes"]), "the search has scored the roots"
    assert forwards["heatmaps"]["rise"] == 16


# --- what cannot be exported ------------------------------------------------------------------------------


def test_an_empty_workspace_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no results yet"):
        export(tmp_path / "x", settings_of(), Workspace(tmp_path), Recorder())
    assert not (tmp_path / "x").exists()


def test_a_file_in_the_way_is_a_plain_error(explained: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be written"):
        export(tmp_path / "x", settings_of(), Workspace(explained), Recorder())

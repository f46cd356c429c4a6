"""Needed and precluded regions: true to the classifier, under keys of their own, and nothing else moves."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gallery.operations.needs import keep_of
from gallery.perturbation import basis_of, bits_of, compose
from gallery.pipeline.build import Job
from gallery.pipeline.case import prediction_of
from gallery.pipeline.index import load_index, load_results, settings_digest
from gallery.pipeline.workspace import Workspace
from gallery.records import Float32, ImageResult, Prediction, Prompted
from tests.pipeline.toy import (
    SIDE,
    Recorder,
    ToyNet,
    files_of,
    patch_classifiers,
    run,
    settings_of,
    toy_classifier,
)

pytestmark = pytest.mark.usefixtures("toys")
BOX = {"boxes": [[8, 4, 24, 20]]}
OTHER = {"boxes": [[28, 20, 40, 36]]}


def marked(*, methods: dict[str, Any] | None = None, **entry: object) -> dict[str, Any]:
    """Return changes of the tiny set: one photograph, with regions."""
    changes: dict[str, Any] = {"images": [{"id": "alpha", "source": "file:alpha.png", **entry}]}
    return changes | ({} if methods is None else {"methods": methods})


def explain(pictures: Path, out: Path, **changes: Any) -> ImageResult:  # noqa: ANN401
    """Explain the set and return the first result as pages read it."""
    settings = settings_of(**changes)
    run(pictures, out, settings)
    return results(out, **changes)[0]


def results(out: Path, **changes: Any) -> list[ImageResult]:  # noqa: ANN401
    workspace = Workspace(out)
    return list(load_results(load_index(workspace, settings_of(**changes)), workspace))


def prompted(result: ImageResult) -> Prompted:
    assert result.prompted is not None
    return result.prompted


def said(tensor: torch.Tensor, target: int) -> float:
    """Return the probability of a plain float32 pass."""
    with torch.no_grad():
        return float(toy_classifier().module(tensor).softmax(1)[0, target])


def changed(result: ImageResult, keep: Float32) -> torch.Tensor:
    """Return the image with the baseline where ``keep`` is 0, by the formula written out."""
    image, baseline = torch.from_numpy(result.inputs.tensor), torch.from_numpy(result.inputs.baseline)
    m = torch.from_numpy(keep)
    return image * m + baseline * (1 - m)


@pytest.fixture(scope="module")
def both(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageResult:
    """Return an image with both regions, explained."""
    with pytest.MonkeyPatch.context() as patch:
        patch_classifiers(patch)
        return explain(pictures, tmp_path_factory.mktemp("both"), **marked(needed=BOX, precluded=OTHER))


def test_regions_are_those_of_the_photograph_as_the_classifier_sees_it(both: ImageResult) -> None:
    prompts = prompted(both).prompts
    assert prompts.needed is not None
    assert prompts.precluded is not None
    # 48 x 40 px, shorter side to 32: columns are scaled by 38 / 48, rows by 32 / 40, 3 columns cut off.
    assert prompts.needed.shape == (SIDE, SIDE)
    assert prompts.needed[4:15, 4:15].min() == 1
    assert prompts.needed[:2].max() == prompts.needed[:, 18:].max() == 0
    assert (prompts.needed + prompts.precluded).max() <= 1
    assert prompts.areas.needed == pytest.approx(prompts.needed.mean(), abs=1e-6)


def test_every_prediction_is_that_of_a_fresh_pass(both: ImageResult) -> None:
    prompts, target = prompted(both).prompts, both.prediction.target
    assert prompts.needed is not None
    assert prompts.precluded is not None
    keeps = {
        "without_precluded": 1 - prompts.precluded,
        "without_needed": 1 - prompts.needed,
        "only_needed": prompts.needed,
    }
    assert list(prompts.predictions) == list(keeps)
    for change, keep in keeps.items():
        prediction = prompts.predictions[change]  # type: ignore[index]
        assert prediction.target == target
        assert prediction.p_full == pytest.approx(said(changed(both, keep), target), abs=1e-6)
    assert len({prediction.p_full for prediction in prompts.predictions.values()}) == 3


def test_explanations_are_scored_again_without_the_precluded_region(both: ImageResult) -> None:
    prompts, target = prompted(both).prompts, both.prediction.target
    assert prompts.precluded is not None
    assert both.search.mses
    without, baseline = changed(both, 1 - prompts.precluded), torch.from_numpy(both.inputs.baseline)
    for mse, one in zip(both.search.mses, prompts.mses, strict=True):
        basis = basis_of(both.mask_model, (SIDE, SIDE), None)
        keep = (bits_of([mse.mask], both.mask_model.n_cells) @ basis).reshape(1, SIDE, SIDE)
        assert one.probability == pytest.approx(said(compose(without, baseline, keep), target), abs=1e-6)
        inside = float((keep[0].numpy() * prompts.precluded).sum() / keep.sum())
        assert one.shares.precluded == pytest.approx(inside, abs=1e-6)


def test_the_second_search_explains_the_changed_image(both: ImageResult) -> None:
    found = prompted(both)
    assert found.search is not None
    assert found.prompts.agreement is not None
    without = found.prompts.predictions["without_precluded"]
    assert found.search.p_full == without.p_full
    assert found.search.threshold == pytest.approx(0.9 * without.p_full)
    assert found.prompts.agreement.n_mses == len(found.search.mses)
    assert found.prompts.precluded is not None
    image = changed(both, 1 - found.prompts.precluded)
    baseline, basis = torch.from_numpy(both.inputs.baseline), basis_of(both.mask_model, (SIDE, SIDE), None)
    for mse in found.search.mses:
        keep = (bits_of([mse.mask], both.mask_model.n_cells) @ basis).reshape(1, SIDE, SIDE)
        p = said(compose(image, baseline, keep), both.prediction.target)
        assert mse.probability == pytest.approx(p, abs=1e-6)
        assert p >= found.search.threshold - 1e-6


def test_cams_are_made_again_and_the_others_only_measured(both: ImageResult) -> None:
    found = prompted(both)
    assert list(found.heatmaps) == ["grad_cam"]
    assert found.maps["rise"].after is None
    assert found.maps["rise"].correlation is None
    before, after = both.heatmaps["grad_cam"].values, found.heatmaps["grad_cam"].values
    for values, shares in ((before, found.maps["grad_cam"].shares), (after, found.maps["grad_cam"].after)):
        positive = np.maximum(values, 0)
        assert shares is not None
        assert shares.needed == pytest.approx(
            float((positive * found.prompts.needed).sum() / positive.sum()), abs=1e-5
        )
    assert not np.array_equal(before, after)
    assert found.maps["grad_cam"].correlation is not None


def test_a_map_made_again_is_that_of_the_changed_photograph(both: ImageResult) -> None:
    """Grad-CAM written out: mean gradients weight the channels of the last convolution."""
    prompts = prompted(both).prompts
    assert prompts.precluded is not None
    net: Any = toy_classifier().module
    features = net.features(changed(both, 1 - prompts.precluded)).detach().requires_grad_()
    net.head(features.mean(dim=(2, 3)))[0, both.prediction.target].backward()
    weights = features.grad.mean(dim=(2, 3), keepdim=True)
    expected = (weights * features).sum(1)[0].relu().detach().numpy()
    np.testing.assert_allclose(prompted(both).heatmaps["grad_cam"].native, expected, atol=1e-5)


def test_all_methods_are_made_again_if_asked(pictures: Path, tmp_path: Path) -> None:
    methods = {"grad_cam": {}, "rise": {"n_masks": 8, "cells": 3}, "mse_coverage": {}}
    changes = marked(precluded=OTHER, methods=methods) | {"prompts": {"heatmaps": "all", "search": False}}
    found = prompted(explain(pictures, tmp_path, **changes))
    assert set(found.heatmaps) == {"grad_cam", "rise"}  # coverage follows from a search
    assert found.search is None
    assert found.prompts.agreement is None
    assert all(one.probability is not None for one in found.prompts.mses)
    assert found.prompts.needed is None
    assert found.maps["mse_coverage"].shares.needed is None


def test_a_needed_region_alone_asks_for_no_second_explanation(pictures: Path, tmp_path: Path) -> None:
    found = prompted(explain(pictures, tmp_path, **marked(needed=BOX)))
    assert set(found.prompts.predictions) == {"without_needed", "only_needed"}
    assert found.search is None
    assert found.heatmaps == {}
    assert all(one.probability is None for one in found.prompts.mses)


def test_a_region_out_of_sight_is_told(pictures: Path, tmp_path: Path) -> None:
    edge = {"boxes": [[0, 0, 2, 40]]}  # the classifier crops three columns and more
    found = prompted(explain(pictures, tmp_path, **marked(precluded=edge)))
    assert found.prompts.note == "The precluded region lies outside what the classifier sees."
    assert found.prompts.predictions == {}
    assert found.search is None
    assert found.maps["grad_cam"].after is None


def test_a_set_without_regions_keeps_every_key_and_byte(explained: Path) -> None:
    """The digest is that of a version that knew no regions, and no stored file names them."""
    raw = settings_of().model_dump(mode="json")
    assert {"needed", "precluded"} <= set(raw["images"][0])
    assert settings_digest(settings_of()) != settings_digest(settings_of(prompts={"search": False}))
    for path in sorted((explained / "build" / "store").rglob("*.json")):
        text = path.read_text("utf-8")
        assert path.parent.parent.name not in {"prompts", "prompted"}
        assert "prompted" not in text
        assert "precluded" not in text


def test_marking_a_region_adds_results_and_changes_none(
    pictures: Path, explained: Path, tmp_path: Path
) -> None:
    def kept(files: dict[str, bytes]) -> dict[str, bytes]:
        """Seconds differ from run to run; entries list what there is."""
        return {name: _timeless(data) for name, data in files.items() if not name.startswith("entry/")}

    before = kept(files_of(explained / "build" / "store"))
    images = [one.model_dump(exclude_defaults=True) for one in settings_of().images]
    images[0] |= {"precluded": OTHER}
    run(pictures, tmp_path, settings_of(images=images))
    after = kept(files_of(tmp_path / "build" / "store"))
    assert {name: after.get(name) for name in before} == before
    added = {name.split("/")[0] for name in after.keys() - before.keys()}
    assert added == {"prompts", "prompted", "prediction", "search", "scores", "heatmap"}


def _timeless(data: bytes) -> bytes:
    if not data.startswith(b"{"):
        return data
    head = json.loads(data)
    for field in ("record", "record_sha256"):
        value = head.pop(field)
        if isinstance(value, dict):
            head[field] = {k: v for k, v in value.items() if k not in {"seconds", "graph", "rates"}}
    return json.dumps(head, sort_keys=True).encode()


def test_a_second_run_makes_nothing_and_a_lost_map_only_itself(pictures: Path, tmp_path: Path) -> None:
    changes = marked(needed=BOX, precluded=OTHER)
    before = explain(pictures, tmp_path, **changes)
    ToyNet.passes = 0
    _, recorder = run(pictures, tmp_path, settings_of(**changes))
    assert ToyNet.passes == 1  # that by which loading finds the CAM layer
    assert ("alpha", "prompts", True) in recorder.done
    assert recorder.totals == [len(recorder.done)]
    for kind in ("prompted", "prompts"):
        for file in (tmp_path / "build" / "store" / kind).rglob("*.json"):
            file.unlink()
    after = explain(pictures, tmp_path, **changes)
    assert prompted(after).maps == prompted(before).maps
    assert prompted(after).prompts.mses == prompted(before).prompts.mses
    assert prompted(after).prompts.predictions == prompted(before).prompts.predictions


def test_another_needed_region_does_not_search_again(pictures: Path, tmp_path: Path) -> None:
    explain(pictures, tmp_path, **marked(needed=BOX, precluded=OTHER))
    found = {path.name for path in (tmp_path / "build" / "store" / "search").rglob("*.json")}
    explain(pictures, tmp_path, **marked(needed={"boxes": [[8, 4, 20, 20]]}, precluded=OTHER))
    assert {path.name for path in (tmp_path / "build" / "store" / "search").rglob("*.json")} == found
    explain(pictures, tmp_path, **marked(precluded={"boxes": [[28, 20, 40, 30]]}))
    assert len(list((tmp_path / "build" / "store" / "search").rglob("*.json"))) == len(found) + 1


def test_a_composite_may_have_regions(pictures: Path, tmp_path: Path) -> None:
    images = [{"id": n, "source": f"file:{n}.png"} for n in ("alpha", "beta")]
    grid = {"id": "grid", "source": "composite", "parts": ["alpha", "beta", "beta", "alpha"]}
    mask = np.zeros((896, 896), np.uint8)
    mask[448:] = 255
    Image.fromarray(mask).save(tmp_path / "lower.png")
    lower = {"mask": f"file:{(tmp_path / 'lower.png').as_posix()}"}
    changes = {"images": [*images, {**grid, "precluded": lower}]}
    run(pictures, tmp_path, settings_of(**changes))
    result = results(tmp_path, **changes)[2]
    assert prompted(result).prompts.areas.precluded == pytest.approx(0.5, abs=0.01)


def test_pruning_keeps_what_pages_need(pictures: Path, tmp_path: Path) -> None:
    settings = settings_of(**marked(needed=BOX, precluded=OTHER))
    run(pictures, tmp_path, settings)
    job = Job(settings, pictures, Workspace(tmp_path), "cpu")
    keep, store = keep_of(job, Recorder()), job.workspace.store
    kept = {"prompts", "prompted", "search", "heatmap", "inputs"}
    for path in store.results():
        kind = path.parent.parent.name
        if kind in kept:
            assert keep.needs(kind, path.stem, dict), path
    # What the changed image's results were made from may go: the pages do not show it.
    gone = [path for path in store.results("prediction") if not keep.needs("prediction", path.stem, dict)]
    assert len(gone) == 3
    for path in gone:
        store.remove(path)
    assert prompted(results(tmp_path, **marked(needed=BOX, precluded=OTHER))[0]).search is not None


def test_a_class_without_any_probability_is_not_searched_for(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hopeless(target: int, probabilities: Float32, names: tuple[str, ...]) -> Prediction:
        return replace(prediction_of(target, probabilities, names), p_full=0.0)

    monkeypatch.setattr("gallery.pipeline.prompts.prediction_of", hopeless)
    found = prompted(explain(pictures, tmp_path, **marked(precluded=OTHER)))
    assert found.search is None
    assert found.prompts.note == "Without the precluded region, the class has probability 0: no search."
    assert all(one.probability is not None for one in found.prompts.mses)

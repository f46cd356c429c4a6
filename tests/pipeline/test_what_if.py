"""The table that readers try patch sets in: true to the classifier, resumed, within its limits."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from gallery.perturbation import basis_of, bits_of, compose
from gallery.pipeline.index import load_index, load_results
from gallery.pipeline.workspace import Workspace
from gallery.records import ImageResult, cells_of, mask_of
from tests.pipeline.toy import SIDE, ToyNet, run, settings_of, toy_classifier

pytestmark = pytest.mark.usefixtures("toys")


def results(out: Path, **changes: object) -> list[ImageResult]:
    workspace = Workspace(out)
    return list(load_results(load_index(workspace, settings_of(**changes)), workspace))


def fresh(result: ImageResult, masks: list[int]) -> list[float]:
    """Return the probabilities of a plain float32 forward pass for each mask, one by one."""
    net, model = toy_classifier().module, result.mask_model
    basis = basis_of(model, (SIDE, SIDE), None)
    image, baseline = torch.from_numpy(result.inputs.tensor), torch.from_numpy(result.inputs.baseline)
    values = []
    with torch.no_grad():
        for mask in masks:
            keep = (bits_of([mask], model.n_cells) @ basis).reshape(1, SIDE, SIDE)
            probabilities = net(compose(image, baseline, keep)).softmax(1)
            values.append(float(probabilities[0, result.prediction.target]))
    return values


def test_every_value_is_that_of_a_fresh_pass(explained: Path) -> None:
    for result in results(explained):
        assert result.what_if is not None
        sets = result.what_if.sets
        np.testing.assert_allclose(list(sets.values()), fresh(result, list(sets)), rtol=0, atol=1e-5)


def test_everything_that_was_promised_is_in_the_table(explained: Path) -> None:
    for result in results(explained):
        assert result.what_if is not None
        sets, model = result.what_if.sets, result.mask_model
        single = [1 << cell for cell in range(model.n_cells)]
        wanted = {0, model.full, *single, *(model.full & ~one for one in single)}
        wanted |= {node.mask for node in result.graph.nodes}
        for mse in result.search.mses:
            cells = cells_of(mse.mask)
            if len(cells) <= 8:
                wanted |= {mask_of(c) for n in range(len(cells) + 1) for c in combinations(cells, n)}
        assert wanted <= set(sets)
        assert sets[model.full] == pytest.approx(result.prediction.p_full, abs=1e-6)
        assert list(sets) == sorted(sets)
        assert result.what_if.n_known == len(sets)
        # Nodes and explanations print the same number everywhere.
        assert all(sets[node.mask] == node.probability for node in result.graph.nodes)


def test_a_lost_table_is_made_again_from_the_scores_that_are_left(pictures: Path, finished: Path) -> None:
    before = results(finished)
    for file in (finished / "build" / "store" / "what_if").rglob("*"):
        if file.is_file():
            file.unlink()
    ToyNet.passes = 0
    run(pictures, finished)
    after = results(finished)
    for one, other in zip(before, after, strict=True):
        assert one.what_if is not None
        assert other.what_if is not None
        assert other.what_if.sets == one.what_if.sets
        assert other.what_if.forwards == one.what_if.forwards
    # Single patches, nodes and explanations are taken over, never scored again.
    assert all(r.what_if is not None and r.what_if.forwards <= 4 * 2**4 for r in after)


def test_the_limit_holds_and_is_told(pictures: Path, finished: Path) -> None:
    changes = {"what_if": {"max_forwards": 1}}
    run(pictures, finished, settings_of(**changes))
    limited = results(finished, **changes)
    costs = [r.what_if.forwards for r in limited if r.what_if is not None]
    assert len(costs) == 4
    assert max(costs) <= 1
    for result in limited:
        assert result.what_if is not None
        assert result.what_if.options == {"max_forwards": 1, "max_size": 8}
        assert ("left out" in result.what_if.note) <= (result.what_if.forwards == 1)


def test_a_set_may_go_without(pictures: Path, finished: Path) -> None:
    changes = {"what_if": {"enabled": False}}
    _, recorder = run(pictures, finished, settings_of(**changes))
    assert "what_if" not in {task for _, task, _ in recorder.done}
    assert recorder.totals == [len(recorder.done)]
    assert all(result.what_if is None for result in results(finished, **changes))

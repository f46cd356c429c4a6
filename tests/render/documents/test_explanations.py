"""The documents, from records made by hand; ``tests/pipeline/test_export.py`` checks them on real results."""

import copy
import io
import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import networkx as nx
import numpy as np
import pytest

from gallery.errors import StoreError
from gallery.records import Catalogue, ImageResult, cells_of
from gallery.render.documents.explanations import (
    SCHEMA_FILE,
    SCHEMA_VERSION,
    bundle_files,
    explanations_document,
    timings_document,
    write_bundle,
    write_timings,
)
from gallery.render.documents.numbers import json_bytes, number
from tests.render.pages import synthetic

SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(scope="module")
def results() -> list[ImageResult]:
    """Return the synthetic results: with and without MSEs, label and quadrants."""
    return list(synthetic.results())


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Return their catalogue."""
    return synthetic.catalogue()


@pytest.fixture(scope="module")
def document(results: list[ImageResult], catalogue: Catalogue) -> dict[str, Any]:
    """Return a document with an MSE in it."""
    result = next(r for r in results if r.search.mses and r.graph.links)
    parsed: dict[str, Any] = json.loads(json_bytes(explanations_document(result, catalogue)))
    return parsed


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema_version"]["const"] == SCHEMA_VERSION


def test_every_document_follows_the_schema(results: list[ImageResult], catalogue: Catalogue) -> None:
    assert results
    for result in results:
        VALIDATOR.validate(json.loads(json_bytes(explanations_document(result, catalogue))))


def objects_of(schema: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return every sub-schema that describes an object."""
    found = [schema] if isinstance(schema, dict) and schema.get("type") == "object" else []
    children = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    return found + [inner for child in children for inner in objects_of(child)]


def test_every_field_is_described_and_every_object_closed() -> None:
    described = json.dumps(SCHEMA["$defs"])
    assert "row * cols + col" in described
    for schema in objects_of(SCHEMA):
        assert "additionalProperties" in schema
        for name, field in schema.get("properties", {}).items():
            assert len(field.get("description", "")) > 8 or name == "p_high", name
        if schema["additionalProperties"] is False:
            assert set(schema["required"]) == set(schema["properties"])


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401
    """Return the path of every object in a document."""
    if isinstance(value, list):
        return [p for i, item in enumerate(value) for p in paths_of(item, (*path, i))]
    if isinstance(value, dict):
        return [path, *(p for key, item in value.items() for p in paths_of(item, (*path, key)))]
    return []


def at(value: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """Return what stands at a path."""
    for key in path:
        value = value[key]
    return value


def test_the_schema_notices_missing_and_unknown_fields(document: dict[str, Any]) -> None:
    free = {"options", "diverse", "heatmaps", "measures", "curves", "versions", "sets", "predictions"}
    for path in paths_of(document):
        if path and (path[-1] in free or path[0] in {"measures", "curves"}):
            continue
        for key in at(document, path):
            broken = copy.deepcopy(document)
            del at(broken, path)[key]
            assert not VALIDATOR.is_valid(broken), (path, key)
        broken = copy.deepcopy(document)
        at(broken, path)["unheard_of"] = object()
        assert not VALIDATOR.is_valid(broken), path


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("p_full",), 0),
        (("p_full",), 1.01),
        (("mses", 0, "cells"), []),
        (("mses", 0, "cells"), [1, 1]),
        (("mses", 0, "cells"), [256]),
        (("mses", 0, "margin"), -0.1),
        (("mses", 0, "minimality"), "minimal"),
        (("mses", 0, "is_top"), None),
        (("search", "complete_up_to"), -1),
        (("search", "n_scored"), 0.5),
        (("mask_model", "partition"), "hexagons"),
        (("mask_model", "n_segments"), 257),
        (("necessity", "deletion_sets", 0, "cells"), []),
        (("necessity", "deletion_sets", 0, "hits"), -1),
        (("necessity", "participation", 0), 1.5),
        (("necessity", "alone"), []),
        (("necessity", "interactions", 0, "value"), -2.5),
        (("robustness", "sweep", 0, "p_high"), 0),
        (("robustness", "sweep", 0, "smallest"), 0),
        (("robustness", "cross_tests", 0, "baseline"), "grey"),
        (("robustness", "agreements", 0, "similarity"), 1.5),
        (("questions", "asked", 0, "kind"), "blur"),
        (("questions", "asked", 0, "first"), []),
        (("questions", "seed"), 2**53),
        (("sag", "nodes", 0, "id"), "m1"),
        (("sag", "links", 0, "drop"), 2),
        (("mask_model", "baseline"), "grey"),
        (("classifier", "preprocessing", "size"), [1]),
        (("classifier", "preprocessing", "mean"), [0, 0, 0, 0]),
        (("image", "pixels_sha256"), "abc"),
        (("schema_version",), "2.0"),
        (("what_if", "sets", "1f"), 1.5),
        (("what_if", "sets", "0x1f"), 0.5),
        (("what_if", "n_known"), -1),
        (("what_if", "note"), None),
        (("prompts", "areas", "needed"), 1.5),
        (("prompts", "predictions", "without"), {"probability": 0.5, "top": []}),
        (("prompts", "mses", 0, "probability"), -0.5),
        (("prompts", "search", "n_same"), -1),
        (("prompts", "heatmaps", "rise", "without_precluded"), 0.5),
        (("prompts", "heatmaps", "grad_cam", "correlation"), 1.5),
        (("top",), []),
        (("diverse",), {"x": [0]}),
        (("forwards", "total"), -1),
        (("search", "options"), {}),
        (("search", "options", "nested"), {"a": 1}),
        (("robustness", "options", "thresholds"), [[1]]),
    ],
    ids=str,
)
def test_the_schema_notices_values_out_of_range(
    document: dict[str, Any], path: tuple[Any, ...], value: object
) -> None:
    VALIDATOR.validate(document)
    broken = copy.deepcopy(document)
    at(broken, path[:-1])[path[-1]] = value
    assert not VALIDATOR.is_valid(broken)


# --- documents --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [0.1, 1 / 3, 1e-30, 0.0, -0.0, 12345.678])
def test_numbers_keep_all_of_a_float32(x: float) -> None:
    single = np.float32(x)
    assert np.float32(number(float(single))) == single
    assert len(repr(abs(number(float(single)))).replace(".", "").partition("e")[0].strip("0")) <= 9


def test_no_second_and_no_date_in_the_document(results: list[ImageResult], catalogue: Catalogue) -> None:
    slow = [_later(result) for result in results]
    for result, late in zip(results, slow, strict=True):
        before, after = (json_bytes(explanations_document(r, catalogue)) for r in (result, late))
        assert before == after
        assert timings_document(result, catalogue)["seconds"] != timings_document(late, catalogue)["seconds"]


def _later(value: Any) -> Any:  # noqa: ANN401
    """Return records with a thousand seconds more in each."""
    if is_dataclass(value) and not isinstance(value, type):
        changes = {f.name: _later(getattr(value, f.name)) for f in fields(value)}
        if "seconds" in changes:
            changes["seconds"] += 1000
        return replace(value, **changes)
    if isinstance(value, dict):
        return {key: _later(item) for key, item in value.items()}
    return tuple(_later(item) for item in value) if isinstance(value, tuple) else value


def test_json_is_readable_and_strict() -> None:
    assert json_bytes({"a": "\N{SNOWMAN}"}) == '{\n  "a": "\N{SNOWMAN}"\n}\n'.encode()
    with pytest.raises(ValueError, match="JSON"):
        json_bytes({"a": float("nan")})


def test_a_bundle_is_complete_and_repeats(
    results: list[ImageResult], catalogue: Catalogue, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write_bundle(results[0], catalogue, tmp_path / name)
    files = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert files[0] == files[1]
    assert set(files[0]) == {
        "explanations.json", "sag.json", "heatmaps.npz", "input.npy", "baseline.npy", "regions.npz",
        "heatmaps_without.npz",
    }  # fmt: skip
    np.testing.assert_array_equal(np.load(tmp_path / "one/input.npy"), results[0].inputs.tensor)
    np.testing.assert_array_equal(np.load(tmp_path / "one/baseline.npy"), results[0].inputs.baseline)
    with np.load(tmp_path / "one/heatmaps.npz", allow_pickle=False) as maps:
        assert set(maps.files) == set(results[0].heatmaps)
        for name, heatmap in results[0].heatmaps.items():
            assert maps[name].dtype == np.float32
            np.testing.assert_array_equal(maps[name], heatmap.values)


def test_superpixels_come_with_their_map(results: list[ImageResult], catalogue: Catalogue) -> None:
    segments = (np.arange(12, dtype=np.int16) // 3).reshape(3, 4)
    inputs = replace(results[0].inputs, segments=segments)
    model = replace(results[0].mask_model, partition="slic", n_segments=4)
    files = bundle_files(replace(results[0], inputs=inputs, mask_model=model), catalogue)
    np.testing.assert_array_equal(np.load(io.BytesIO(files["segments.npy"])), segments)
    facts = json.loads(files["sag.json"])["graph"]
    assert (facts["partition"], facts["rows"], facts["n_cells"]) == ("slic", None, 4)
    VALIDATOR.validate(json.loads(files["explanations.json"]))


def test_the_graph_alone_opens_in_networkx(results: list[ImageResult], catalogue: Catalogue) -> None:
    result = next(r for r in results if r.graph.links)
    digraph = nx.node_link_graph(json.loads(bundle_files(result, catalogue)["sag.json"]), edges="edges")
    assert digraph.is_directed()
    assert not digraph.is_multigraph()
    assert {n: d["cells"] for n, d in digraph.nodes.items()} == {
        node.id: cells_of(node.mask) for node in result.graph.nodes
    }
    assert {(u, v, d["removed"]) for u, v, d in digraph.edges(data=True)} == {
        (link.source, link.target, link.removed) for link in result.graph.links
    }
    assert digraph.graph["p_full"] == pytest.approx(result.prediction.p_full)
    assert digraph.graph["classifier"] == "embedded:net_a"


def test_every_pass_is_counted_once(document: dict[str, Any]) -> None:
    forwards = document["forwards"]
    stages = [
        forwards[name]
        for name in (
            "prediction",
            "search",
            "sag",
            "necessity",
            "robustness",
            "questions",
            "what_if",
            "prompts",
        )
    ]
    inner = [n for group in ("heatmaps", "measures") for n in forwards[group].values()]
    assert forwards["total"] == sum(stages + inner)
    assert min(stages) > 0


def test_sets_to_try_are_listed_by_their_mask(
    results: list[ImageResult], catalogue: Catalogue, document: dict[str, Any]
) -> None:
    result = next(r for r in results if r.search.mses and r.graph.links)
    assert result.what_if is not None
    sets = {int(mask, 16): p for mask, p in document["what_if"]["sets"].items()}
    assert sets == pytest.approx(result.what_if.sets)
    assert sets[0] == pytest.approx(result.necessity.p_empty)
    older = replace(result, what_if=None)
    without = explanations_document(older, catalogue)
    VALIDATOR.validate(json.loads(json_bytes(without)))
    assert (without["what_if"], without["forwards"]["what_if"]) == (None, 0)
    assert timings_document(older, catalogue)["seconds"]["what_if"] == 0


def test_regions_say_what_the_records_say(
    results: list[ImageResult], catalogue: Catalogue, document: dict[str, Any]
) -> None:
    result, said = results[0], document["prompts"]
    assert result.prompted is not None
    prompts = result.prompted.prompts
    assert said["areas"]["precluded"] == pytest.approx(prompts.areas.precluded)
    assert list(said["predictions"]) == list(prompts.predictions)
    assert [one["probability"] for one in said["mses"]] == pytest.approx(
        [one.probability for one in prompts.mses]
    )
    assert said["search"]["n_same"] == len(said["search"]["mses"]) - 1
    assert {name for name, one in said["heatmaps"].items() if one["without_precluded"]} == {"grad_cam"}
    passes = prompts.forwards + result.prompted.heatmaps["grad_cam"].forwards
    assert document["forwards"]["prompts"] == passes
    files = bundle_files(result, catalogue)
    with np.load(io.BytesIO(files["regions.npz"])) as planes:
        np.testing.assert_array_equal(planes["needed"], prompts.needed)
        np.testing.assert_array_equal(planes["precluded"], prompts.precluded)
    with np.load(io.BytesIO(files["heatmaps_without.npz"])) as maps:
        np.testing.assert_array_equal(maps["grad_cam"], result.prompted.heatmaps["grad_cam"].values)
    assert {"regions.npz", "heatmaps_without.npz"}.isdisjoint(bundle_files(results[1], catalogue))
    assert explanations_document(results[1], catalogue)["prompts"] is None


def test_necessity_and_robustness_say_what_the_records_say(
    results: list[ImageResult], document: dict[str, Any]
) -> None:
    result = next(r for r in results if r.search.mses and r.graph.links)
    necessity, robustness = document["necessity"], document["robustness"]
    n_cells = result.mask_model.n_cells
    assert {len(necessity[name]) for name in ("participation", "alone", "without")} == {n_cells}
    assert [one["hits"] for one in necessity["deletion_sets"]] == [
        one.hits for one in result.necessity.deletion_sets
    ]
    assert [row["p_high"] for row in robustness["sweep"]] == [row.p_high for row in result.robustness.sweep]
    for test in robustness["cross_tests"]:
        enough = [p for p in test["probabilities"] if p >= document["search"]["threshold"]]
        assert test["n_sufficient"] == len(enough)
    for one in document["questions"]["asked"]:
        assert len(one["first"]) == len(one["second"])


def test_a_folder_that_cannot_be_made_is_a_plain_error(
    results: list[ImageResult], catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be written"):
        write_timings(results[0], catalogue, tmp_path / "file")

"""What the documents say about needed and precluded regions: explanations.json, and arrays beside it."""

from typing import Any

from gallery.records import Float32, ImageResult, Prediction, Prompted, PromptedMap, Shares
from gallery.render.documents.numbers import number
from gallery.store.store import pack_arrays

REGIONS = "regions.npz"
HEATMAPS = "heatmaps_without.npz"


def prompts_document(result: ImageResult, again: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what regions do as plain JSON values; None for an image without regions.

    Args:
        result: Of the image.
        again: The MSEs of the second search, as they are written; empty if there was none.
    """
    if result.prompted is None:
        return None
    found = result.prompted.prompts
    return {
        "areas": _shares(found.areas),
        "predictions": {change: _prediction(one) for change, one in found.predictions.items()},
        "mses": [{**_shares(one.shares), "probability": _or_null(one.probability)} for one in found.mses],
        "search": _search(result.prompted, again),
        "heatmaps": {name: _map(one) for name, one in result.prompted.maps.items()},
        "options": dict(found.options),
        "note": found.note,
    }


def prompts_files(prompted: Prompted) -> dict[str, bytes]:
    """Return the arrays behind it by file name: the regions, and the heatmaps made again if there are any."""
    planes = {"needed": prompted.prompts.needed, "precluded": prompted.prompts.precluded}
    seen: dict[str, Float32] = {name: plane for name, plane in planes.items() if plane is not None}
    files = {REGIONS: pack_arrays(seen)} if seen else {}
    if prompted.heatmaps:
        maps = {name: heatmap.values for name, heatmap in prompted.heatmaps.items()}
        files[HEATMAPS] = pack_arrays(maps)
    return files


def prompts_forwards(prompted: Prompted | None) -> int:
    """Return the images passed forward for regions, heatmaps made again included."""
    if prompted is None:
        return 0
    return prompted.prompts.forwards + sum(heatmap.forwards for heatmap in prompted.heatmaps.values())


def prompts_seconds(prompted: Prompted | None) -> float:
    """Return the seconds that took."""
    if prompted is None:
        return 0.0
    return prompted.prompts.seconds + sum(heatmap.seconds for heatmap in prompted.heatmaps.values())


def _search(prompted: Prompted, again: list[dict[str, Any]]) -> dict[str, Any] | None:
    search, agreed = prompted.search, prompted.prompts.agreement
    if search is None or agreed is None:
        return None
    return {
        "threshold": number(search.threshold),
        "note": search.note,
        "n_same": agreed.n_same,
        "similarity": _or_null(agreed.similarity),
        "mses": again,
    }


def _prediction(prediction: Prediction) -> dict[str, Any]:
    top = [
        {"index": one.index, "name": one.name, "probability": number(one.probability)}
        for one in prediction.top
    ]
    return {"probability": number(prediction.p_full), "top": top}


def _map(one: PromptedMap) -> dict[str, Any]:
    after = None if one.after is None else _shares(one.after)
    return {**_shares(one.shares), "without_precluded": after, "correlation": _or_null(one.correlation)}


def _shares(shares: Shares) -> dict[str, float | None]:
    return {"needed": _or_null(shares.needed), "precluded": _or_null(shares.precluded)}


def _or_null(value: float | None) -> float | None:
    return None if value is None else number(value)

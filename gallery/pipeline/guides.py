"""Heatmaps as guides: one number per patch that tells a search what to try first."""

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, Subject, bound
from gallery.explain.heatmaps._igos2021 import igos2021
from gallery.explain.search._guide import MEASURED
from gallery.perturbation import basis_of
from gallery.scoring.engine import Scorer
from gallery.tensors import left_as_found, upsample

OFFICIAL = "igos2021"
"""The two-iteration I-GOS of the official SAG code, at the resolution of the grid."""


def check_guide(name: str) -> None:
    """Check that a guide is known.

    Raises:
        ConfigError: If it is neither ``OFFICIAL`` nor a heatmap method that needs no search; the message
            names those there are.
    """
    guides = [entry.name for entry in HEATMAPS if not {"uses_search", "uses_graph"} & set(entry.facts)]
    if name == OFFICIAL or name in guides:
        return
    known = ", ".join((*MEASURED, OFFICIAL, *guides))
    if name in HEATMAPS:
        raise ConfigError(f"search.guide: {name!r} is made of what a search found. Take one of: {known}.")
    raise ConfigError(f"search.guide: unknown guide {name!r}. Known: {known}.")


def guide_map(name: str, subject: Subject, scorer: Scorer) -> tuple[tuple[float, ...], int]:
    """Return one number per patch, high where it seems to matter, and the forward passes it took.

    Args:
        name: A heatmap method, run with its defaults, or ``OFFICIAL``.
        subject: What to explain.
        scorer: Its scorer, which knows the patches.

    Raises:
        ConfigError: If the guide is unknown, or ``OFFICIAL`` is asked for superpixels.
    """
    check_guide(name)
    model, segments = scorer.mask_model, scorer.segments
    with left_as_found(subject.classifier.module):
        if name == OFFICIAL:
            if model.partition != "grid":
                raise ConfigError('search.guide: "igos2021" needs a grid; take another for superpixels.')
            raw = igos2021(subject, model.rows, model.cols)
            values = raw.native.reshape(-1)
        else:
            raw = bound(name, {})(subject)
            basis = basis_of(model, subject.size, segments)
            pixels = upsample(raw.native.detach().float().cpu()[None], subject.size).reshape(-1)
            # The mean over a patch, so that large superpixels have no advantage.
            values = basis @ pixels / basis.sum(dim=1)
    return tuple(values.tolist()), raw.forwards

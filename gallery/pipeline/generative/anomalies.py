"""The anomaly maps of one checkpoint: scores of every method, and examples that a rule chooses."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from gallery.generative.assess import Trained, judged, reconstruction
from gallery.generative.data import GOOD, Held
from gallery.generative.localise import ATTENTION, LOCALISERS
from gallery.generative.scores import Localisation, image_scores
from gallery.records import Float32, VaeAnomalies, VaeExample, VaeMethod, VaeScores

DRAWN = 0.999
"""Share of the test pixels that lie at or below the value drawn in the last colour."""


def anomalies_of(trained: Trained, n_per_kind: int, advance: Callable[[str], None]) -> VaeAnomalies:
    """Return the scores of every method and some examples of its maps.

    Args:
        trained: Its data have anomalies.
        n_per_kind: Examples per kind of defect, and of normal pictures.
        advance: Is told every method that is finished.

    Cost:
        For D latents, 5 D + 2 backward passes per held-out picture.
    """
    validation, test = trained.data.validation, trained.data.test
    if validation is None or test is None:
        raise ConfigError(f"{trained.head.settings.data}: has no anomalies.")
    maps: dict[str, Float32] = {}
    scores = []
    for name in LOCALISERS:
        found, maps[name] = judged(trained, name)
        scores.append(_scores(name, found, maps[name]))
        advance(name)
    n_of_kind = {kind: test.kinds.count(kind) for kind in sorted(set(test.kinds), key=_normal_first)}
    return VaeAnomalies(
        methods=tuple(
            VaeMethod(name, one.title, one.text, one.unit, one.is_baseline)
            for name, one in LOCALISERS.items()
        ),
        scores=tuple(scores),
        ranked_by=ATTENTION,
        n_of_kind=n_of_kind,
        n_validation=len(validation.kinds),
        examples=tuple(
            _example(trained, test, i, place, maps)
            for kind in n_of_kind
            for i, place in chosen(image_scores(maps[ATTENTION]), test.kinds, kind, n_per_kind)
        ),
    )


def _normal_first(kind: str) -> tuple[bool, str]:
    return kind != GOOD, kind


def _scores(method: str, found: Localisation, maps: Float32) -> VaeScores:
    return VaeScores(
        method=method,
        pixel_auroc=found.pixel_auroc,
        iou=found.iou,
        threshold=found.threshold,
        optimistic_iou=found.optimistic_iou,
        pixel_by_kind=found.by_kind,
        image_auroc=found.image_auroc,
        image_by_kind=found.image_by_kind,
        high=float(np.quantile(maps, DRAWN)),
        highest=float(maps.max()),
    )


def chosen(
    scores: NDArray[np.floating], kinds: Sequence[str], kind: str, n: int
) -> Iterator[tuple[int, int]]:
    """Yield which pictures of a kind are shown, and their places by score from 1, lowest first.

    They are spread evenly over the places, the lowest and the highest among them; of ``n`` = 1 it is the
    middle one. Nobody chooses, so nobody can choose what looks good.
    """
    where = np.flatnonzero([one == kind for one in kinds])
    order = where[np.argsort(scores[where], kind="stable")]
    last = len(order) - 1
    places = np.round(np.linspace(0, last, min(n, len(order)))) if n > 1 else np.array([last // 2])
    for place in places.astype(int):
        yield int(order[place]), int(place) + 1


def _example(trained: Trained, test: Held, i: int, place: int, maps: dict[str, Float32]) -> VaeExample:
    return VaeExample(
        name=test.names[i],
        kind=test.kinds[i],
        place=place,
        picture=test.pixels[i],
        reconstruction=reconstruction(trained, test.pixels[i]),
        mask=None if test.masks is None else test.masks[i],
        maps={name: of_all[i] for name, of_all in maps.items()},
    )

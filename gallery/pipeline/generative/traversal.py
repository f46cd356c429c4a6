"""Traversals of one checkpoint: which pictures, and the latents that change them most."""

from collections.abc import Iterator

import numpy as np

from gallery.generative.assess import Trained, reconstruction
from gallery.generative.data import GOOD, DataSet
from gallery.generative.traverse import traversals
from gallery.records import UInt8, VaeLatent, VaeTraversal


def traversed(data: DataSet, n: int) -> Iterator[tuple[str, UInt8]]:
    """Yield name and pixels of the pictures whose latents are traversed.

    Of the normal pictures held out, or of all where none are held out, those in the middle of n equal parts
    of the list.
    """
    if data.test is None:
        places = [(2 * i + 1) * len(data.train) // (2 * n) for i in range(n)]
        pixels = data.train.take(np.array(places, dtype=np.int64))
        yield from ((f"picture {place}", one) for place, one in zip(places, pixels, strict=True))
        return
    good = [i for i, kind in enumerate(data.test.kinds) if kind == GOOD]
    n = min(n, len(good))
    for i in (good[(2 * k + 1) * len(good) // (2 * n)] for k in range(n)):
        yield data.test.names[i], data.test.pixels[i]


def traversal_of(trained: Trained, name: str, picture: UInt8, n_latents: int) -> VaeTraversal:
    """Return the latents of a picture that change most, most first."""
    found = traversals(trained.subject, picture)
    return VaeTraversal(
        name=name,
        picture=picture,
        reconstruction=reconstruction(trained, picture),
        values=found[0].values,
        latents=tuple(
            VaeLatent(one.latent, one.here, one.divergence, one.change, one.pictures, one.attention)
            for one in found[:n_latents]
        ),
    )

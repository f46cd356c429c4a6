r"""How much the map changes, at most, when the image changes so little that nobody sees it.

$$\max_{k = 1 \dots n} \frac{\lVert \Phi(x + \delta_k) - \Phi(x) \rVert_2}{\lVert \Phi(x) \rVert_2},
\qquad \delta_k \sim U[-r, r]$$

$\Phi$ is the raw map of the same class, made again by the same method with the same options and the same
seed, at input size; the noise is independent in every pixel and channel of the normalised image, $r = 0.02$
and $n = 10$. **Lower is better.** A map that is zero everywhere gets no value, because its change has no
scale. Maps made from the structural search get none, and neither do maps that would be too expensive to make
again: the note says what it would cost.

**Pitfalls.** A method that returns the same map for every image is perfect here; read the measure beside one
of faithfulness. The maximum of ten draws underestimates the true maximum. A method that draws random numbers
gets the same ones for every image, so the measure is blind to the spread over seeds. Where the classifier
itself is unstable, a good map has to change.

**Differs from captum** only in that the map of the image itself, which is known, is not made again, and that
perturbed images are explained one at a time.
"""

import torch

from gallery.errors import ConfigError
from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._remake import MAX_PASSES, check_max_passes, why_not
from gallery.measure.sparseness import ALL_ZERO
from gallery.tensors import generator

NAME = "max_sensitivity"


@MEASURES.register(
    NAME,
    title="Max-sensitivity",
    reference="Yeh et al., On the (In)fidelity and Sensitivity of Explanations, NeurIPS 2019, "
    "arXiv:1901.09392, definition 3.1",
    unit="change relative to the map's norm",
    better="lower",
    is_seeded=True,
    is_default=False,
    remakes=True,
    range=(0.0, float("inf")),
)
def max_sensitivity(
    subject: Measured, *, n_samples: int = 10, radius: float = 0.02, max_passes: int = MAX_PASSES
) -> Score:
    """Return the largest relative change of one map, >= 0; None where it cannot be said.

    Args:
        subject: The map, and how it is made again.
        n_samples: n, perturbed images, >= 1.
        radius: r, in units of the normalised image, > 0.
        max_passes: Images that may be passed forward or backward in all, >= 0.

    Raises:
        ConfigError: If an option is out of range.

    Cost:
        ``n_samples`` times the cost of the map.
    """
    if n_samples < 1:
        raise ConfigError(f"measures.options.{NAME}.n_samples: must be 1 or more, got {n_samples}.")
    if radius <= 0:
        raise ConfigError(f"measures.options.{NAME}.radius: must be above 0, got {radius}.")
    check_max_passes(max_passes, NAME)
    norm = float(subject.values.double().norm())
    note = why_not(subject, n_samples, max_passes, NAME) or ("" if norm > 0 else ALL_ZERO)
    if note or subject.remake is None:
        return Score(None, forwards=0, note=note)
    draw, image = generator(subject.seed), subject.scorer.image
    largest, forwards = 0.0, 0
    for _ in range(n_samples):
        noise = (2 * torch.rand(image.shape, generator=draw) - 1) * radius
        remade = subject.remake(image=image + noise.to(image))
        change = remade.values.double().cpu() - subject.values.double().cpu()
        largest = max(largest, float(change.norm()) / norm)
        forwards += remade.forwards
    return Score(largest, forwards=forwards)

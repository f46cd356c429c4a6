r"""Keep random patch sets and fit a linear model to the target's probability, near the whole image.

$$\min_{v, v_0} \; \sum_{i=1}^{N} \pi(z_i) \Big( f(z_i) - v_0 - \sum_j v_j z_{ij} \Big)^2
+ \alpha \lVert v \rVert_2^2,
\qquad \pi(z) = \exp\Big( -\frac{(1 - \sqrt{|z| / n})^2}{2 \kappa^2} \Big)$$

$z_i \in \{0, 1\}^n$ says which of the image's $n$ patches are kept, and $f(z)$ is the target's probability
for that image; removed patches take the baseline of the set. The map shows the coefficients $v_j$: what a
patch adds to the probability, on average over patch sets that look like the whole image. $|z|$ is the number
of patches kept, and $1 - \sqrt{|z| / n}$ the cosine distance between $z$ and the whole image. Values are
signed. The fit is captum's `Lime`.

The first set is the whole image; the others are `torch.randint(0, 2, (n_samples - 1, n))` from one CPU
generator with the printed seed.

Pitfalls: a linear model cannot say that two patches matter only together, and what $v_j$ means hangs on
$\kappa$: about half of the patches are missing in every set, so "near" is not near. Two draws give two maps;
compare seeds before reading much into small differences.

Differs from captum's defaults: they fit a Lasso with $\alpha = 0.01$, which at some 50 patches sets every
coefficient to zero, as one patch rarely adds more than a few hundredths to a probability. Ridge regression
with $\alpha = 1$ and $\kappa = 0.25$ is what the authors' own image explainer uses. Differs from the paper:
patches are those of the set, not quickshift superpixels, removed ones are not painted in their own mean
colour, and all coefficients are shown, not only the largest few.
"""

from collections.abc import Iterator

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import Lime
from captum.attr._core.lime import get_exp_kernel_similarity_function
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._patches import PatchGame, native_of, seeded
from gallery.tensors import generator


@HEATMAPS.register(
    "lime",
    title="LIME",
    reference='Ribeiro, Singh and Guestrin, "Why Should I Trust You?", KDD 2016, arXiv:1602.04938, section 3',
    uses_patches=True,
    uses_baseline=True,
    is_seeded=True,
    is_signed=True,
)
def lime(
    subject: Subject, *, n_samples: int = 1000, kernel_width: float = 0.25, alpha: float = 1.0
) -> RawMap:
    """Return the coefficients of the local linear model.

    Args:
        subject: What to explain.
        n_samples: N >= 2 patch sets; 1,000 as in the authors' code.
        kernel_width: kappa > 0, how far from the whole image patch sets count, in cosine distance.
        alpha: Weight of the ridge penalty, >= 0. The sets' weights add up to about N / 2.

    Returns:
        In units of probability, signed, float32: (R, S) for a grid, (H, W) for superpixels.

    Raises:
        ConfigError: If an option is out of range.

    Cost:
        ``n_samples`` forward passes less the patch sets drawn twice, no backward pass, and a linear system
        with as many unknowns as patches.
    """
    if n_samples < 2 or kernel_width <= 0 or alpha < 0:
        raise ConfigError("methods.lime: needs n_samples >= 2, kernel_width > 0 and alpha >= 0.")
    game = PatchGame(subject)
    n = game.n_patches
    rows = torch.randint(0, 2, (n_samples - 1, n), generator=generator(subject.seed))

    def sets(_: Tensor, **__: object) -> Iterator[Tensor]:
        yield torch.ones(1, n, dtype=torch.long)
        for row in rows:
            yield row[None]

    explainer = Lime(
        game,
        interpretable_model=SkLearnRidge(alpha=alpha),
        similarity_func=get_exp_kernel_similarity_function("cosine", kernel_width),
        perturb_func=sets,
    )
    # captum sets up its linear model with global random numbers, which play no part in the fit.
    with seeded(subject.seed):
        values = explainer.attribute(
            torch.ones(1, n), n_samples=n_samples, perturbations_per_eval=n_samples, return_input_shape=False
        )
    return RawMap(native_of(values.flatten(), subject), forwards=len(game.asked), seeded=True)

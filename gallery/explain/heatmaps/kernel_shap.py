r"""Share the target's probability out among the patches by their Shapley values, estimated by regression.

$$\phi_j = \sum_{S \subseteq P \setminus \{j\}} \frac{|S|! \, (n - |S| - 1)!}{n!}
\big( f(S \cup \{j\}) - f(S) \big), \qquad \sum_j \phi_j = f(P) - f(\emptyset)$$

$P$ are the image's $n$ patches, and $f(S)$ is the target's probability if only the patches $S$ are kept;
removed patches take the baseline of the set. $\phi_j$ is what patch $j$ adds, on average over all orders in
which patches can be put back. No other way to share out the difference between the whole image and the
baseline treats equal patches equally, gives nothing to patches that change nothing, and is additive in $f$.

The sum has $2^n$ terms. Kernel SHAP draws patch sets instead, of size $k$ with probability proportional to
$\frac{n - 1}{k (n - k)}$, and fits a linear model to their probabilities by least squares; its coefficients
tend to the Shapley values. The full and the empty set are always among them, with a weight (a million) that
holds the sum above to within about a thousandth. Values are signed. Draw and fit are captum's `KernelShap`,
with the global CPU generator set to the printed seed.

Pitfalls: an estimate. In a made-up game of 49 patches, eleven of which matter, by up to 0.16 each, a value
was off by 0.006 (root mean square) at 2,000 sets; the error falls with the square root. Sets that are nearly
empty or nearly full are drawn most often, and the classifier has seen nothing like the former.

Differs from the paper: sets are drawn instead of being listed with weights, so that the same set may count
twice; and the patches are those of the set.
"""

import torch
from captum.attr import KernelShap
from torch import Tensor

from gallery.errors import ConfigError
from gallery.explain.heatmaps._base import HEATMAPS, RawMap, Subject
from gallery.explain.heatmaps._patches import PatchGame, native_of, seeded


@HEATMAPS.register(
    "kernel_shap",
    title="KernelSHAP",
    reference="Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017, "
    "arXiv:1705.07874, section 4.1",
    uses_patches=True,
    uses_baseline=True,
    is_seeded=True,
    is_signed=True,
    is_default=False,
)
def kernel_shap(subject: Subject, *, n_samples: int = 2000) -> RawMap:
    """Return the estimated Shapley value of every patch.

    Args:
        subject: What to explain.
        n_samples: Patch sets, those that keep all and none included; at least the number of patches plus 2,
            as fewer leave the linear model undetermined.

    Returns:
        In units of probability, signed, float32: (R, S) for a grid, (H, W) for superpixels.

    Raises:
        ConfigError: If ``n_samples`` is too small.

    Cost:
        ``n_samples`` forward passes less the patch sets drawn twice, no backward pass, and a least-squares
        problem with as many unknowns as patches.
    """
    game = PatchGame(subject)
    n = game.n_patches
    if n_samples < n + 2:
        raise ConfigError(
            f"methods.kernel_shap: n_samples = {n_samples} patch sets do not determine the values of {n} "
            f"patches; take at least {n + 2}, better 40 per patch."
        )
    values = _shares(game, n_samples, subject.seed) if n > 1 else _whole(game)
    return RawMap(native_of(values, subject), forwards=len(game.asked), seeded=True)


def _shares(game: PatchGame, n_samples: int, seed: int) -> Tensor:
    """Return captum's estimate (n,) for at least two patches."""
    with seeded(seed):
        values: Tensor = KernelShap(game).attribute(
            torch.ones(1, game.n_patches),
            n_samples=n_samples,
            perturbations_per_eval=n_samples,
            return_input_shape=False,
        )
    return values.flatten()


def _whole(game: PatchGame) -> Tensor:
    """Return the value (1,) of the only patch, for which there is nothing to draw."""
    return game(torch.tensor([[0], [1]])).diff()

r"""How much of the map is left when the network's layers become random, from the logits downwards.

$$\frac{1}{m} \sum_{k=1}^{m} \rho\big(\Phi_{f_k}(x),\ \Phi_f(x)\big)$$

In $f_1$ the layer of the logits is random, in each further network about as many layers more, and in $f_m$
all of them, $m = 5$. $\Phi$ is the raw map of the same class by the same method, options and seed, and $\rho$
Spearman's rank correlation over the pixels at input size, equal values sharing their mean rank. **Lower is
better**: a map that survives does not depend on what the network has learnt. The curve starts at 1 with
nothing randomised.

**Protocol (cascading model-parameter randomisation).** Every parameter of a random layer is redrawn from a
normal distribution with the mean and standard deviation that this parameter has in the trained network, so
that activations keep a sensible size. The running statistics of batch normalisation are kept. Layers are
taken in the order in which the network registers them, last first. Values are compared with their signs, not
by their absolute values. A remade map that is the same everywhere counts as correlation 0. A map that is
itself the same everywhere gets no value, nor do maps made from the structural search, nor maps that would be
too expensive to make again.

**Pitfalls.** It is a check, not a ranking: among methods that pass, lower does not mean better, and below 0
there is nothing to gain. Sundararajan and Taly (2018, arXiv:1806.04205) show that verdicts turn when signs
are ignored, as was done originally; Yona and Greenfeld (2021, arXiv:2110.14297) that the tasks it is run on
confound the verdict; Hedström et al. (2024, arXiv:2401.06465) that noise in a map lowers its similarity and
so improves its result, and that with the upper layers random the lower ones still carry the image. A coarse
map has few independent values, so that correlations of single images scatter widely.

**Differs from the paper**, which re-initialises layers by the rule they were trained from, one at a time over
all layers, and shows rank correlations with and without absolute values beside other similarities.
"""

import numpy as np
import torch
from scipy.stats import rankdata  # type: ignore[import-untyped]
from torch import Tensor

from gallery.errors import ClassifierError, ConfigError
from gallery.measure._base import MEASURES, Measured, Score
from gallery.measure._curves import NO_ORDER, is_constant
from gallery.measure._randomised import cascade, parameterised, stage_ends
from gallery.measure._remake import MAX_PASSES, check_max_passes, why_not

NAME = "randomisation"
NO_NETWORK = "the classifier's network has no parameters that could be randomised"


@MEASURES.register(
    NAME,
    title="Randomisation check",
    reference="Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018, arXiv:1810.03292",
    unit="rank correlation, mean over the stages",
    better="lower",
    is_curve=True,
    x_label="share of layers that are random",
    y_label="rank correlation",
    is_seeded=True,
    is_default=False,
    remakes=True,
    range=(-1.0, 1.0),
)
def randomisation(subject: Measured, *, n_stages: int = 5, max_passes: int = MAX_PASSES) -> Score:
    """Return the mean correlation of one map over the stages, in [-1, 1], and the curve.

    Args:
        subject: The map, the network and how the map is made again.
        n_stages: m, networks of which more and more layers are random, >= 1.
        max_passes: Images that may be passed forward or backward in all, >= 0.

    Returns:
        x: the share of layers with parameters that are random, from 0 to 1; y: the correlation. None where
        it cannot be said; the note says why.

    Raises:
        ConfigError: If an option is out of range.

    Cost:
        ``n_stages`` times the cost of the map, and one copy of the network at a time.
    """
    if n_stages < 1:
        raise ConfigError(f"measures.options.{NAME}.n_stages: must be 1 or more, got {n_stages}.")
    check_max_passes(max_passes, NAME)
    layers = parameterised(subject.module) if subject.module is not None else []
    if subject.module is None or not layers:
        return Score(None, forwards=0, note=NO_NETWORK)
    times = len(stage_ends(len(layers), n_stages))
    note = why_not(subject, times, max_passes, NAME) or (NO_ORDER if is_constant(subject) else "")
    if note or subject.remake is None:
        return Score(None, forwards=0, note=note)
    x, y, forwards = [0.0], [1.0], 0
    for share, network in cascade(subject.module, n_stages, subject.seed):
        try:
            remade = subject.remake(module=network)
        except ClassifierError as error:
            return Score(None, forwards, note=f"with {share:.0%} of its layers random: {error}")
        x.append(share)
        y.append(rank_correlation(subject.values, remade.values))
        forwards += remade.forwards
    return Score(sum(y[1:]) / len(y[1:]), forwards, x=torch.tensor(x), y=torch.tensor(y))


def rank_correlation(first: Tensor, second: Tensor) -> float:
    """Return Spearman's rank correlation of two maps in [-1, 1]; 0 if either is the same everywhere."""
    ranks = [rankdata(plane.detach().cpu().double().numpy().ravel()) for plane in (first, second)]
    a, b = (rank - rank.mean() for rank in ranks)
    power = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip((a @ b) / power, -1, 1)) if power > 0 else 0.0

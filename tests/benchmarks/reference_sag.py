"""The procedure of the official SAG code as a timing baseline: one mask per forward pass, nothing remembered.

Written by us from its behaviour (viv92/structured-attention-graphs, December 2021), as plain as the original:
float32, batches of one, an upsampler built for every mask, no cache, its default options, its off-by-one beam
of 4, a tree in place of a graph, every node scored again. Nothing is read, drawn or written, none of which is
timed. ``explain_like_2021`` is all a benchmark needs.

Where it is kinder to the original than the original is:

- The largest set of roots that overlap little is found there by a depth-first search over all sets that
  overlap little. Options do not bound the number of roots, because the search stops only after a level: 40
  roots of two patches are 2^40 sets at overlap 1. Here a branch-and-bound search returns the same set (the
  first largest one in that order), so the time of the original's search is not charged. Only overlap 1, its
  default, is timed.
- Patch sets are integers, not four-dimensional arrays copied for every successor.
- Pictures of the chosen roots, each two more forward passes, are not made.

Where it differs otherwise: the guide's noise is seeded, patches that the guide ranks equally are tried by id
(NumPy's default sort leaves their order open), and a root without any patch has no children, where the
original fails.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

SIDE = 7
P_HIGH, P_LOW_PERCENT = 0.9, 40
BEAM_WIDTH, CANDIDATES, MAX_ROOTS, MAX_SIZE = 3, 15, 10, 49
OVERLAPS, CHARGED_OVERLAP, N_SAG_ROOTS, N_CHILDREN = (0, 1, 2), 1, 3, 3
ITERATIONS, PATH_POINTS, L1, TV = 2, 20, 1.0, 20.0
NOISE = 0.4  # on the first channel only; see gallery.explain.heatmaps._igos2021
STEP, DECAY, ARMIJO, SHORTEST = 200.0, 0.2, 1e-4, 1e-5
N_TOP = 40


@dataclass(frozen=True)
class Reference:
    """What the official procedure finds in one image, and what it spends.

    Attributes:
        p_full: Probability of the target on the whole image.
        roots: Minimal sufficient patch sets as bit masks (bit row * 7 + col), in order of discovery.
        probabilities: Of the target, for each root.
        diverse: Overlap t -> indices into ``roots`` of the largest set that pairwise share at most t patches.
        sag_roots: Indices into ``roots``: the first three of ``diverse[1]``.
        n_tree_nodes: Nodes of the patch-deletion trees.
        n_distinct_sets: Different patch sets among these nodes.
        forwards: Images passed forward.
        backwards: Images passed backward.
        seconds: Wall time of "guide" (the prediction included), "search", "diverse" and "tree".
    """

    p_full: float
    roots: tuple[int, ...]
    probabilities: tuple[float, ...]
    diverse: Mapping[int, tuple[int, ...]]
    sag_roots: tuple[int, ...]
    n_tree_nodes: int
    n_distinct_sets: int
    forwards: int
    backwards: int
    seconds: Mapping[str, float]


@dataclass
class OneByOne:
    """Passes masked images through the network one at a time, and counts.

    Attributes:
        module: (1, 3, H, W) float32 -> (1, K) logits, in evaluation mode, parameters without gradients.
        image: (1, 3, H, W) float32, normalised, where ``module`` is.
        baseline: Likewise.
        target: Class index.
        forwards: Images passed forward so far.
    """

    module: nn.Module
    image: Tensor
    baseline: Tensor
    target: int
    forwards: int = 0

    def probability(self, x: Tensor) -> Tensor:
        """Return the target's probability for one image (1, 3, H, W), a scalar."""
        self.forwards += 1
        probabilities: Tensor = nn.Softmax(dim=1)(self.module(x))
        return probabilities[0, self.target]

    def mixed(self, keep: Tensor) -> Tensor:
        """Return the image where ``keep`` (1, 1, H, W) is 1, the baseline where it is 0."""
        return self.image.mul(keep) + self.baseline.mul(1 - keep)

    def upsampled(self, mask: Tensor) -> Tensor:
        """Return a mask (1, 1, R, S) at the size of the image, by an upsampler built for it alone."""
        upsampler = nn.UpsamplingBilinear2d(size=(self.image.shape[-2], self.image.shape[-1]))
        keep: Tensor = upsampler(mask)
        return keep

    def score(self, mask: int) -> float:
        """Return the target's probability with only the patches of ``mask`` kept."""
        cells = torch.tensor([float(mask >> cell & 1) for cell in range(SIDE * SIDE)])
        keep = self.upsampled(cells.reshape(1, 1, SIDE, SIDE).to(self.image.device))
        return float(self.probability(self.mixed(keep)))


def explain_like_2021(
    module: nn.Module, image: Tensor, baseline: Tensor, target: int, *, seed: int
) -> Reference:
    """Run the official procedure with its default options on one image.

    Args:
        module: (1, 3, H, W) float32 -> (1, K) logits, in evaluation mode; its parameters must not require
            gradients, or every pass would record them.
        image: (1, 3, H, W) float32, normalised, on the device of ``module``.
        baseline: Likewise; the official one is black.
        target: Class index; the official one is the predicted class.
        seed: Of the guide's noise.

    Cost:
        About 50 forward and 40 backward passes for the guide, 60 forward passes a level of the search, and
        more for pruning and the trees.
    """
    network = OneByOne(module, image, baseline, target)
    clock = [time.perf_counter()]
    p_full = float(network.probability(image))
    mask = guide(network, seed)
    clock.append(time.perf_counter())
    found = search(network, mask.flatten().tolist(), P_HIGH * p_full)
    clock.append(time.perf_counter())
    roots = [root for root, _ in found]
    diverse = {CHARGED_OVERLAP: first_largest(roots, CHARGED_OVERLAP)}
    sag_roots = diverse[CHARGED_OVERLAP][:N_SAG_ROOTS]
    clock.append(time.perf_counter())
    nodes = [node for index in sag_roots for node in tree(network, roots[index], p_full)]
    clock.append(time.perf_counter())
    diverse |= {t: first_largest(roots, t) for t in OVERLAPS if t != CHARGED_OVERLAP}
    spent = [end - begin for begin, end in pairwise(clock)]
    return Reference(
        p_full=p_full,
        roots=tuple(roots),
        probabilities=tuple(p for _, p in found),
        diverse={t: diverse[t] for t in OVERLAPS},
        sag_roots=sag_roots,
        n_tree_nodes=len(nodes),
        n_distinct_sets=len(set(nodes)),
        forwards=network.forwards,
        backwards=ITERATIONS * PATH_POINTS,
        seconds=dict(zip(("guide", "search", "diverse", "tree"), spent, strict=True)),
    )


# --- the guide: two steps of I-GOS -----------------------------------------------------------------------


def guide(network: OneByOne, seed: int) -> Tensor:
    """Return the mask (7, 7) float32 in [0, 1] on the CPU; *low* where the patch matters."""
    draw = torch.Generator().manual_seed(seed)
    mask = torch.ones(1, 1, SIDE, SIDE, device=network.image.device, requires_grad=True)
    for _ in range(ITERATIONS):
        keep = network.upsampled(mask)
        penalty = _penalties(mask)
        start = (penalty + network.probability(network.mixed(keep))).detach()
        gradient = _integrated_gradient(network, mask, keep, penalty, draw)
        mask.data -= _step_length(network, mask, gradient, start) * gradient
        mask.data.clamp_(0, 1)
        _watch(network, mask)
    return mask.detach().cpu().reshape(SIDE, SIDE)


def _penalties(mask: Tensor) -> Tensor:
    """Return the weighted mean removed area and total variation."""
    down, right = mask[..., :-1, :] - mask[..., 1:, :], mask[..., :-1] - mask[..., 1:]
    variation = down.abs().pow(2).mean() + right.abs().pow(2).mean()
    return L1 * (1 - mask).abs().mean() + TV * variation


def _integrated_gradient(
    network: OneByOne, mask: Tensor, keep: Tensor, penalty: Tensor, draw: torch.Generator
) -> Tensor:
    """Return the gradient of the summed losses: 20 forward passes in one graph, then one backward pass."""
    total = penalty.clone()
    for point in range(1, PATH_POINTS + 1):
        noise = torch.zeros(network.image.shape)
        noise[0, 0] = NOISE * torch.randn(noise.shape[-2:], generator=draw)
        x = network.mixed(point / PATH_POINTS * keep) + noise.to(mask.device)
        total = total + network.probability(x) / 20.0
    (gradient,) = torch.autograd.grad(total, mask)
    return gradient


def _step_length(network: OneByOne, mask: Tensor, gradient: Tensor, start: Tensor) -> float:
    """Return the first step length that lowers the loss without integration enough, or a very short one."""
    step = STEP
    while True:
        new = (mask.detach() - step * gradient).clamp(0, 1)
        loss = _penalties(new) + network.probability(network.mixed(network.upsampled(new)))
        enough = start - ARMIJO * step * gradient.square().sum()
        if step < SHORTEST or not bool(loss > enough):
            return step
        step *= DECAY


def _watch(network: OneByOne, mask: Tensor) -> None:
    """Score the image without its 40 most important cells, as the original does for a curve it drops."""
    order = mask.detach().flatten().argsort(stable=True)
    kept = torch.ones_like(mask.detach()).flatten()
    kept[order[:N_TOP]] = 0
    network.probability(network.mixed(network.upsampled(kept.reshape(mask.shape))))


# --- the search ------------------------------------------------------------------------------------------


def search(network: OneByOne, mask: list[float], threshold: float) -> list[tuple[int, float]]:
    """Return the roots and their probabilities, in order of discovery.

    Args:
        network: Scores patch sets.
        mask: 49 values, low where the patch matters.
        threshold: Probability above which a patch set is sufficient.
    """
    ranking = sorted(range(len(mask)), key=lambda cell: mask[cell])
    roots: list[tuple[int, float]] = []
    beam = [0]
    for _ in range(MAX_SIZE):
        scored = []
        for parent in beam:
            free = [cell for cell in ranking if not parent >> cell & 1]
            for cell in free[:CANDIDATES]:
                child = parent | 1 << cell
                scored.append((child, network.score(child)))
        if not scored:
            break
        scored.sort(key=lambda item: item[1], reverse=True)
        beam = []
        for child, p in scored:
            if p > threshold:
                root = _prune(network, child, p, threshold)
                if all(root[0] != known for known, _ in roots):
                    roots.append(root)
            else:
                beam.append(child)
                if len(beam) > BEAM_WIDTH:
                    break
        if len(roots) > MAX_ROOTS:
            break
    return roots


def _prune(network: OneByOne, mask: int, p: float, threshold: float) -> tuple[int, float]:
    """Drop patches in row-major order until a whole pass drops none; return the mask and its probability."""
    has_changed = True
    while has_changed:
        has_changed = False
        for cell in [cell for cell in range(SIDE * SIDE) if mask >> cell & 1]:
            smaller = mask & ~(1 << cell)
            p_smaller = network.score(smaller)
            if p_smaller > threshold:
                mask, p, has_changed = smaller, p_smaller, True
    return mask, p


# --- diverse roots ---------------------------------------------------------------------------------------


def first_largest(roots: list[int], overlap: int) -> tuple[int, ...]:
    """Return the indices of the largest set that pairwise share at most ``overlap`` patches.

    Among largest sets the lexicographically smallest, which a depth-first search by ascending index meets
    first: a root is taken whenever the largest size can still be reached with it.
    """
    friends = [
        sum(1 << j for j, b in enumerate(roots) if i != j and (a & b).bit_count() <= overlap)
        for i, a in enumerate(roots)
    ]
    allowed = (1 << len(roots)) - 1
    missing = 0
    while _has_compatible(allowed, friends, missing + 1):
        missing += 1
    chosen: list[int] = []
    for index in range(len(roots)):
        rest = allowed & friends[index] & -(1 << index)
        if missing and allowed >> index & 1 and _has_compatible(rest, friends, missing - 1):
            chosen.append(index)
            allowed = rest
            missing -= 1
    return tuple(chosen)


def _has_compatible(allowed: int, friends: list[int], n: int) -> bool:
    """Return whether ``n`` of the roots in ``allowed`` are pairwise compatible.

    Branch and bound with greedy colouring (Tomita and Seki, 2003): incompatible roots may share a colour, so
    no set is larger than its number of colours.
    """
    if n <= 0:
        return True
    for index, colour in reversed(_coloured(allowed, friends)):
        if colour < n:
            return False
        if _has_compatible(allowed & friends[index], friends, n - 1):
            return True
        allowed &= ~(1 << index)
    return False


def _coloured(allowed: int, friends: list[int]) -> list[tuple[int, int]]:
    """Return the roots in ``allowed`` with their colours, 1, 2, ..., by ascending colour."""
    pairs = []
    colour = 0
    while allowed:
        colour += 1
        free = allowed
        while free:
            index = (free & -free).bit_length() - 1
            allowed &= ~(1 << index)
            free &= ~(1 << index) & ~friends[index]
            pairs.append((index, colour))
    return pairs


# --- the tree --------------------------------------------------------------------------------------------


def tree(network: OneByOne, root: int, p_full: float) -> list[int]:
    """Return the patch sets of one root's tree, parents first, with repeats.

    A node's children lack one of its first three patches. It has children if its share of the whole image's
    probability, cut to whole percent, is more than 40, and if it has more than one patch.
    """
    percent = int(round(network.score(root) / p_full, 3) * 100)
    nodes = [root]
    cells = [cell for cell in range(SIDE * SIDE) if root >> cell & 1]
    if percent > P_LOW_PERCENT and len(cells) > 1:
        for cell in cells[:N_CHILDREN]:
            nodes += tree(network, root & ~(1 << cell), p_full)
    return nodes

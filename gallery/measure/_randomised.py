"""Networks whose layers are replaced by random ones, from the logits downwards."""

import copy
from collections.abc import Iterator

import torch
from torch import nn

from gallery.tensors import generator


def parameterised(module: nn.Module) -> list[str]:
    """Return the names of all layers that have parameters of their own, output first.

    The order is that of registration, reversed: for the common architectures, the order in which they run.
    """
    return [
        name
        for name, layer in module.named_modules()
        if next(layer.parameters(recurse=False), None) is not None
    ][::-1]


def stage_ends(n_layers: int, n_stages: int) -> list[int]:
    """Return how many layers are random after every stage: 1 after the first, all after the last.

    The first stage is the layer of the logits alone; the others are of about equal size. A single stage
    takes all layers at once. There are fewer stages where there are fewer layers.
    """
    if n_stages == 1:
        return [n_layers]
    return sorted({1 + round((n_layers - 1) * stage / (n_stages - 1)) for stage in range(n_stages)})


def cascade(module: nn.Module, n_stages: int, seed: int) -> Iterator[tuple[float, nn.Module]]:
    """Yield the share of randomised layers and a new network for every stage; ``module`` is left alone.

    A randomised layer has every parameter redrawn from the normal distribution with that parameter's own
    mean and standard deviation, so that activations keep a sensible size at any depth; a parameter that is
    the same everywhere stays. Buffers, such as the running statistics of batch normalisation, stay too.
    """
    names, draw = parameterised(module), generator(seed)
    ends = stage_ends(len(names), n_stages)
    current, done = module, 0
    for end in ends:
        current = copy.deepcopy(current)
        for name in names[done:end]:
            _redraw(current.get_submodule(name), draw)
        done = end
        yield end / len(names), current


def _redraw(layer: nn.Module, draw: torch.Generator) -> None:
    with torch.no_grad():
        for parameter in layer.parameters(recurse=False):
            values = parameter.detach().double().cpu()
            spread = values.std(correction=0) if values.numel() else values.sum()
            noise = torch.randn(values.shape, generator=draw, dtype=torch.float64)
            parameter.copy_(values.mean() + spread * noise)

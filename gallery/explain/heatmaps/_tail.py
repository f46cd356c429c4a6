"""Run only what comes behind a layer: from changed activations to logits.

A network is Python code, and its graph cannot in general be cut at a layer. What can be done is to let the
code run again while every module that had finished before the layer was entered hands on what it returned
the first time, and the layer hands on the changed activations. Only the computation between modules (a
residual sum, a reshape) and all that follows the layer is then done. Residual connections around the layer
come out right, because the block they belong to had not finished.

The recorded outputs of one image serve a batch as views without copies. Code that writes into such a view
is refused by torch and gets copies instead. Where the unchanged activations do not lead back to the logits
of the plain pass, the whole network is run with a hook: slower, never wrong.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gallery.errors import ClassifierError
from gallery.tensors import left_as_found

TOLERANCE = 1e-4
"""Largest difference of a replayed logit, relative to the largest logit: float32 rounds by batch size."""
CHECKED = 2
"""Images in the checking pass; with fewer, writing into a view would go unnoticed."""

_REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, KeyError, AssertionError)


class _NotReplayableError(Exception):
    """The second run took another course than the first, or an output has no batch dimension."""


class Tail:
    """The network behind one layer, for one image.

    Attributes:
        output: What the layer returned for the image, (1, ...) in the layer's own layout.
        logits: Of the plain pass, (1, K) float32.
        is_short: Whether modules before the layer are spared; False means the whole network runs each time.
        forwards: Images passed so far, those of the two passes of the constructor included.
    """

    def __init__(self, module: nn.Module, layer: str, image: Tensor) -> None:
        """Record one plain pass and check that its logits can be had from the layer's output.

        Args:
            module: Classifier network; left as found, also after an error.
            layer: Dotted path of a submodule whose output is one tensor.
            image: (1, 3, H, W) float32, normalised.

        Raises:
            ClassifierError: If there is no such layer, it does not run exactly once, or it does not return
                a tensor for a batch of one.

        Cost:
            One image forward, and ``CHECKED`` images through the tail; memory for the outputs of the modules
            before the layer, of one image.
        """
        try:
            self._layer = module.get_submodule(layer)
        except AttributeError:
            raise ClassifierError(f"layer {layer!r} is not in the network.") from None
        self._module, self._image = module, image
        recorder = _Recorder(self._layer)
        with left_as_found(module), torch.no_grad():
            module.eval()
            for part in module.modules():
                part.register_forward_pre_hook(recorder.enter)
                part.register_forward_hook(recorder.leave)
            self.logits: Tensor = module(image)
        self.output = recorder.only_output(layer)
        self._calls = recorder.calls
        self.forwards = 1
        runs = [partial(self._replay, is_copied=False), partial(self._replay, is_copied=True)]
        works = next((run for run in runs if self._leads_back(run)), None)
        self._run = works or self._whole
        self.is_short = works is not None

    def __call__(self, activations: Tensor) -> Tensor:
        """Return the logits (B, K) for other outputs of the layer.

        Args:
            activations: (B, ...) float32, B >= 2, each like ``output``; may be overwritten.
        """
        self.forwards += len(activations)
        with left_as_found(self._module), torch.no_grad():
            self._module.eval()
            return self._run(activations)

    def _leads_back(self, run: Callable[[Tensor], Tensor]) -> bool:
        """Whether ``run`` turns the unchanged activations into the logits of the plain pass."""
        unchanged = self.output.expand(CHECKED, *self.output.shape[1:]).clone()
        self.forwards += CHECKED
        with left_as_found(self._module), torch.no_grad():
            self._module.eval()
            try:
                error = (run(unchanged) - self.logits).abs().max()
            except (_NotReplayableError, *_REFUSALS):
                return False
        return bool(error <= TOLERANCE * self.logits.abs().max())

    def _replay(self, activations: Tensor, *, is_copied: bool) -> Tensor:
        """Run the network with recorded outputs in place of the modules that come before the layer."""
        queues: dict[nn.Module, deque[Any]] = {}
        for part, output in self._calls:
            queues.setdefault(part, deque()).append(output)
        n = len(activations)
        given = deque([activations])

        def layer(*_: object, **__: object) -> Tensor:
            if any(queues.values()) or not given:
                raise _NotReplayableError
            return given.popleft()

        def recorded(part: nn.Module) -> Callable[..., Any]:
            forward, queue = part.forward, queues[part]  # the same module may run again behind the layer

            def answer(*args: object, **kwargs: object) -> object:
                return _for_batch(queue.popleft(), n, is_copied) if queue else forward(*args, **kwargs)

            return answer

        with _replaced({**{part: recorded(part) for part in queues}, self._layer: layer}):
            logits: Tensor = self._module(_for_batch(self._image, n, is_copied))
        if given or len(logits) != n:
            raise _NotReplayableError
        return logits

    def _whole(self, activations: Tensor) -> Tensor:
        """Run the whole network, the layer's output exchanged by a hook."""
        handle = self._layer.register_forward_hook(lambda *_: activations)
        try:
            logits: Tensor = self._module(_for_batch(self._image, len(activations), is_copied=True))
        finally:
            handle.remove()
        return logits


class _Recorder:
    """Hooks' memory: outputs of the outermost modules that finished before the layer was entered."""

    def __init__(self, layer: nn.Module) -> None:
        self.calls: list[tuple[nn.Module, Any]] = []
        self._layer = layer
        self._starts: list[int] = []
        self._outputs: list[object] = []
        self._is_entered = False

    def enter(self, part: nn.Module, _: object) -> None:
        """Take note that a module starts."""
        self._is_entered |= part is self._layer
        if not self._is_entered:
            self._starts.append(len(self.calls))

    def leave(self, part: nn.Module, _: object, output: object) -> None:
        """Take note of what a module returns; it stands for all its parts returned."""
        if part is self._layer:
            self._outputs.append(_each(output, torch.clone))
        elif not self._is_entered:
            del self.calls[self._starts.pop() :]
            # A clone: what follows may write into it, and does so again when it runs again.
            self.calls.append((part, _each(output, torch.clone)))

    def only_output(self, layer: str) -> Tensor:
        """Return the layer's output.

        Raises:
            ClassifierError: If it did not run exactly once, or not on a batch of one.
        """
        if len(self._outputs) != 1:
            raise ClassifierError(f"layer {layer!r} ran {len(self._outputs)} times in one pass, not once.")
        output = self._outputs[0]
        if not isinstance(output, Tensor) or output.ndim < 2 or len(output) != 1:
            found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ClassifierError(f"layer {layer!r}: expected one tensor (1, ...), got {found}.")
        return output


def _each(output: object, change: Callable[[Tensor], Tensor]) -> Any:  # noqa: ANN401
    """Return ``output`` with every tensor in its tuples, lists and dicts changed."""
    if isinstance(output, Tensor):
        return change(output)
    if isinstance(output, dict):
        return type(output)((key, _each(value, change)) for key, value in output.items())
    if type(output) is tuple:
        return tuple(_each(value, change) for value in output)
    if type(output) is list:
        return [_each(value, change) for value in output]
    return output


def _for_batch(output: object, n: int, is_copied: bool) -> object:
    """Return what a module would have returned for ``n`` equal images."""

    def spread(tensor: Tensor) -> Tensor:
        if tensor.ndim == 0:
            return tensor
        if len(tensor) != 1:
            raise _NotReplayableError
        views = tensor.expand(n, *tensor.shape[1:])
        return views.clone() if is_copied else views

    return _each(output, spread)


@contextmanager
def _replaced(forwards: dict[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """Let modules compute something else, and put them back, also after an error."""
    before = {part: part.__dict__.get("forward") for part in forwards}
    try:
        for part, forward in forwards.items():
            part.__dict__["forward"] = forward
        yield
    finally:
        for part, own in before.items():
            if own is None:
                part.__dict__.pop("forward", None)
            else:
                part.__dict__["forward"] = own

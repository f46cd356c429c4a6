"""Reading tensors from weight files without ever running code in them, and fitting them to a network."""

import os
import pickle
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from gallery.errors import ClassifierError

PICKLE_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".tar")
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.", "model.")  # DataParallel, torch.compile, Lightning
UNREADABLE = (
    pickle.UnpicklingError,
    SafetensorError,
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
)
"""What the libraries raise for a file that is damaged, holds pickled objects, or does not fit the network."""


def read_tensors(path: Path, shown: str) -> dict[str, Tensor]:
    """Return the tensors in a weight file by name, on the CPU, out of the usual wrappings.

    Args:
        path: A .safetensors file, or a .pth/.pt/.bin/.ckpt/.tar written by ``torch.save``.
        shown: The path as the user wrote it, for messages.

    Raises:
        ClassifierError: If there is no such file, or it is neither; a file of pickled objects is refused,
            unread.
    """
    if not path.is_file():
        raise ClassifierError(f"{shown}: no such file. Relative paths start from the manifest's folder.")
    if path.suffix == ".safetensors":
        try:
            return unwrap(load_file(path, device="cpu"), shown)
        except (SafetensorError, OSError) as exc:
            raise ClassifierError(f"{shown}: not a readable safetensors file ({exc}).") from exc
    if path.suffix not in PICKLE_SUFFIXES:
        raise ClassifierError(
            f"{shown}: unknown kind of weight file. Known: .safetensors, {', '.join(PICKLE_SUFFIXES)}."
        )
    try:
        with warnings.catch_warnings():  # about odd files, which end in the message below
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as exc:
        reason = (str(exc) or type(exc).__name__).splitlines()[0]
        raise ClassifierError(
            f"{shown}: not a plain state dict, or damaged ({reason}). Pickled objects are "
            "refused because loading them runs code. If you trust the file, convert it once, yourself: in "
            "Python, import torch and safetensors.torch; model = torch.load(<file>, weights_only=False); "
            'safetensors.torch.save_model(model, "weights.safetensors"); then use that file here.'
        ) from exc
    return unwrap(content, shown)


def unwrap(content: object, shown: str) -> dict[str, Tensor]:
    """Return the state dict in ``content``: out of {"state_dict": ...}, without "module." before every name.

    Raises:
        ClassifierError: If there is none.
    """
    while isinstance(content, Mapping) and (key := next((k for k in _WRAPPERS if k in content), None)):
        if isinstance(content[key], Tensor):
            break
        content = content[key]
    if not isinstance(content, Mapping):
        raise ClassifierError(
            f"{shown}: holds a {type(content).__name__}, not a state dict (name -> tensor)."
        )
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise ClassifierError(f"{shown}: holds no tensors; its keys are {_some(map(str, content))}.")
    while prefix := next((p for p in _PREFIXES if all(name.startswith(p) for name in tensors)), None):
        tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


def fit(module: nn.Module, tensors: Mapping[str, Tensor], what: str, fix: str) -> None:
    """Load ``tensors`` into ``module``; names and shapes must match exactly.

    Args:
        module: The network; unchanged on error.
        tensors: By name; training-step counters may be missing.
        what: The file and the architecture, for messages.
        fix: What to do if they do not fit together.

    Raises:
        ClassifierError: If they do not match; names the first few differences of each kind.
    """
    wanted = {k: v for k, v in module.state_dict().items() if not k.endswith("num_batches_tracked")}
    given = {k: v for k, v in tensors.items() if not k.endswith("num_batches_tracked")}
    missing = [key for key in wanted if key not in given]
    unexpected = [key for key in given if key not in wanted]
    misshapen = [
        f"{key} {tuple(given[key].shape)} instead of {tuple(wanted[key].shape)}"
        for key in wanted
        if key in given and given[key].shape != wanted[key].shape
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": misshapen}
    found = [f"{len(keys)} {kind} ({_some(keys)})" for kind, keys in kinds.items() if keys]
    if found:
        raise ClassifierError(f"{what}: the tensors do not fit: {'; '.join(found)}. {fix}")
    module.load_state_dict(given, strict=False)


@contextmanager
def only_tensors() -> Iterator[None]:
    """Make every ``torch.load`` inside refuse pickled objects, also in libraries that do not ask for it."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _some(names: Iterator[str] | Sequence[str], n: int = 4) -> str:
    names = list(names)
    return ", ".join(names[:n]) + (", ..." if len(names) > n else "")

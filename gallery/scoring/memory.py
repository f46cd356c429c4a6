"""Tell running out of memory from other failures, on any device."""

import re

import torch

_SAID = re.compile(
    r"out of memory|can't allocate memory|cannot allocate memory|_ALLOC_FAILED|not enough memory",
    re.IGNORECASE,
)
"""What the libraries say; only CUDA's own allocator raises an error of its own."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether ``error`` says that something did not fit into memory: fewer images at a time may."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _SAID.search(str(error)) is not None


def free_cached_memory() -> None:
    """Give memory that torch keeps for later back to the GPU, if there is one."""
    torch.cuda.empty_cache()  # does nothing where CUDA was not used

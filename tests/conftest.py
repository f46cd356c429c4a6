"""Settings all tests share."""

import hypothesis
import pytest
import torch

# No deadline, because a loaded machine is no failure; the same examples in every run, and none kept on disk.
hypothesis.settings.register_profile("gallery", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("gallery")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs CUDA")

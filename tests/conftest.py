"""Settings and fixtures for the whole suite."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# a slow or busy machine is no failure
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# nothing that a model saw outside of a test may count in it, nor outlive it
os.environ["FACESORT_CACHE"] = ""


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Tiny networks on a busy machine: threads that wait for each other take 20 times as long."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)

"""Makes every test repeatable."""

import os

import pytest
import torch


@pytest.fixture(autouse=True)
def _same_numbers_every_time():
    torch.manual_seed(0)
    torch.set_num_threads(min(2, len(os.sched_getaffinity(0))))

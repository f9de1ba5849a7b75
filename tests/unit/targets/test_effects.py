"""Which kernels are split by parts."""

from __future__ import annotations

import pytest
from sample_kernels import SERIAL, SPLIT

from simgen.targets.effects import kernel_effects


@pytest.mark.parametrize("name", SPLIT)
def test_split_are(name):
    assert kernel_effects(SPLIT[name]).split


@pytest.mark.parametrize("name", SERIAL)
def test_serial_are(name):
    assert not kernel_effects(SERIAL[name]).split

"""Which kernels are split by parts."""

from __future__ import annotations

import pytest
from sample_kernels import BY_SOURCE, SERIAL, SPLIT

from simgen.targets.effects import Owner, kernel_effects


@pytest.mark.parametrize("name", SPLIT)
def test_split_are(name):
    assert kernel_effects(SPLIT[name]).owner is Owner.PART


@pytest.mark.parametrize("name", BY_SOURCE)
def test_split_by_source_are(name):
    assert kernel_effects(BY_SOURCE[name]).owner is Owner.SOURCE


@pytest.mark.parametrize("name", SERIAL)
def test_serial_are(name):
    assert not kernel_effects(SERIAL[name]).split

"""NVRTC accepts the kernels that look for NaN."""

from __future__ import annotations

import pytest
from nvrtc_compiler import find_nvrtc

from simgen.resources import cuda_kernel_dir


@pytest.mark.parametrize("architecture", ["sm_75", "sm_90"])
def test_finite_kernels_compile_without_a_complaint(architecture):
    library = find_nvrtc()
    if library is None:
        pytest.skip("NVRTC is not installed (the nvidia-cuda-nvrtc wheel)")
    text = (cuda_kernel_dir() / "cuda" / "finite.cuh").read_text(encoding="utf-8")
    made = library.compile(text, architecture)
    assert made.works, made.log
    assert made.log == ""

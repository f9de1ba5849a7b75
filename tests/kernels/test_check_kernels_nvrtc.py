"""NVRTC accepts the kernels of ``gpu-check``, which would otherwise first meet it on a GPU."""

from __future__ import annotations

import pytest
from nvrtc_compiler import find_nvrtc

from simgen.resources import cuda_kernel_dir

TEXTS = sorted((cuda_kernel_dir() / "check").glob("*.cuh"))


@pytest.mark.parametrize("architecture", ["sm_75", "sm_90"])
@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_kernels_compile_without_a_complaint(path, architecture):
    library = find_nvrtc()
    if library is None:
        pytest.skip("NVRTC is not installed (the nvidia-cuda-nvrtc wheel)")
    made = library.compile(path.read_text(encoding="utf-8"), architecture)
    assert made.works, made.log
    assert made.log == ""

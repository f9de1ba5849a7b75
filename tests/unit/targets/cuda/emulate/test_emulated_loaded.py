"""How a CUDA text is completed, without a compiler."""

from __future__ import annotations

import pytest

from simgen.errors import CompileError
from simgen.targets.cuda.emulate.loaded import complete


def tail(source: str) -> list[str]:
    """What is added behind the source."""
    completed = complete(source)
    assert completed.startswith(source.rstrip("\n"))
    return completed[len(source.rstrip("\n")) :].strip().splitlines()


def test_kernels_are_listed_with_the_most_threads_they_allow() -> None:
    source = """
extern "C" __global__ void first(int *a) {}
extern "C" __global__ void __launch_bounds__(256) second(int *a) {}
extern "C" __global__ __launch_bounds__(MOST, 2) void third(int *a) {}
extern "C" __launch_bounds__(32) __global__ void fourth(int *a) {}
"""
    assert tail(source) == [
        "SG_EMU_MODULE(SG_EMU_KERNEL(first, (0)) SG_EMU_KERNEL(second, (256)) "
        "SG_EMU_KERNEL(third, (MOST)) SG_EMU_KERNEL(fourth, (32)))"
    ]


def test_comments_and_strings_name_no_kernels() -> None:
    source = """
// __global__ void old(int *a)
/* extern "C" __global__ void older(int *a) */
const char *text = "__global__ void quoted(int *a)";
extern "C" __global__ void real(int *a) {}
extern "C" __global__ void real(int *a);
"""
    assert tail(source) == ["SG_EMU_MODULE(SG_EMU_KERNEL(real, (0)))"]


def test_memory_of_launches_gets_each_name_it_is_declared_by() -> None:
    source = """
extern "C" __global__ void a(int *x) { extern __shared__ double room[]; }
extern "C" __global__ void b(int *x) { extern __shared__ int other[]; }
extern "C" __global__ void c(int *x) { extern __shared__ unsigned long long room[]; }
"""
    assert tail(source)[:-1] == ["SG_EMU_DYNAMIC(room)", "SG_EMU_DYNAMIC(other)"]


def test_a_kernel_in_an_unknown_form_is_refused_with_its_line() -> None:
    source = "// a text\n/* of\nlines */\ntemplate <int n>\n__global__ int\nk(int *a) {}\n"
    with pytest.raises(CompileError, match=r"^line 5 of the CUDA text declares a kernel in a form"):
        complete(source)

"""NVIDIA's run-time compiler, called without a GPU or a driver."""

from __future__ import annotations

import ctypes
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simgen.resources import cuda_kernel_dir

ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_120")


@dataclass(frozen=True)
class Compiled:
    """What came of a text: the log (empty without complaints), the assembly, the machine code."""

    works: bool
    log: str
    ptx: str
    cubin: bytes

    @property
    def n_bytes(self) -> int:
        """The size of the machine code."""
        return len(self.cubin)


class Nvrtc:
    """The library; the options are those that programs are compiled with on a GPU."""

    def __init__(self, path: Path) -> None:
        self.nvrtc = ctypes.CDLL(str(path))

    def compile(self, source: str, architecture: str, *options: str) -> Compiled:
        """Compile a text that may include any header of ``cuda_kernels``."""
        handle, call = ctypes.c_void_p(), self.nvrtc
        call.nvrtcCreateProgram(ctypes.byref(handle), source.encode(), b"k.cu", 0, None, None)
        fixed = ("--std=c++17", "--fmad=false", f"-I{cuda_kernel_dir()}")
        words = [f"--gpu-architecture={architecture}", *fixed, *options]
        table = (ctypes.c_char_p * len(words))(*(word.encode() for word in words))
        status = call.nvrtcCompileProgram(handle, len(words), table)
        log = self._text(handle, call.nvrtcGetProgramLogSize, call.nvrtcGetProgramLog)
        ptx = "" if status else self._text(handle, call.nvrtcGetPTXSize, call.nvrtcGetPTX)
        cubin = b"" if status else self._fetch(handle, call.nvrtcGetCUBINSize, call.nvrtcGetCUBIN)
        call.nvrtcDestroyProgram(ctypes.byref(handle))
        return Compiled(status == 0, log, ptx, cubin)

    def version(self) -> str:
        """Return "13.2", say."""
        major, minor = ctypes.c_int(), ctypes.c_int()
        self.nvrtc.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        return f"{major.value}.{minor.value}"

    def _text(self, handle: ctypes.c_void_p, measure: Any, fetch: Any) -> str:
        return self._fetch(handle, measure, fetch).rstrip(b"\0").decode().strip()

    def _fetch(self, handle: ctypes.c_void_p, measure: Any, fetch: Any) -> bytes:
        size = ctypes.c_size_t()
        measure(handle, ctypes.byref(size))
        found = ctypes.create_string_buffer(max(1, size.value))
        fetch(handle, found)
        return found.raw[: size.value]


def find_nvrtc() -> Nvrtc | None:
    """Return the library of the nvidia-cuda-nvrtc wheel, None if it is not installed."""
    found = sorted(Path(sysconfig.get_paths()["purelib"]).glob("nvidia/*/lib/libnvrtc.so.*"))
    found = [path for path in found if "builtins" not in path.name and "alt" not in path.name]
    return Nvrtc(found[0]) if found else None

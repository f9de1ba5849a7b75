"""The libraries that the tests of the headers share, compiled once a session."""

from __future__ import annotations

import ctypes

import pytest
from numerics_library import compile_library


@pytest.fixture(scope="session")
def vector_library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The headers as programs use them, vectorised for this machine."""
    return compile_library(tmp_path_factory.mktemp("vector"), "vector", "-O3", "-march=native")


@pytest.fixture(scope="session")
def scalar_library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The headers in plain scalar code of the base instruction set."""
    return compile_library(
        tmp_path_factory.mktemp("scalar"), "scalar", "-O1", "-fno-tree-vectorize"
    )

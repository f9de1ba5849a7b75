"""The page about debugging kernels shows what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simgen.errors import KernelError

pytestmark = pytest.mark.compiler
PAGE = Path(__file__).resolve().parents[2] / "docs" / "debugging_kernels.md"


def test_the_example_raises_what_the_page_says_and_runs_once_corrected() -> None:
    text = PAGE.read_text(encoding="utf-8")
    program, download = re.findall(r"```python\n(.*?)```", text, re.S)
    message = re.search(r"^    KernelError: ((?:.+\n)+)", text, re.M)
    assert message is not None
    names: dict[str, Any] = {}
    with pytest.raises(KernelError) as caught:
        exec(program, names)
    assert str(caught.value) == " ".join(message[1].split())

    line = "  const double left ="
    corrected = program.replace(line, f"  __syncthreads();\n{line}")
    exec(corrected + download, names)
    v = np.linspace(0, 1, 1000)
    left = np.concatenate([[0], v[:-1]])
    left[::256] = 0
    assert np.array_equal(names["result"], 0.5 * (left + v))

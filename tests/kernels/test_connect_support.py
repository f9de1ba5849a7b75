"""The support library as C++: no warnings, and no undefined behaviour while it works."""

import subprocess
import sys

import pytest

from simgen.connect import native
from simgen.resources import cuda_kernel_dir
from simgen.targets.cpu.compile import find_compiler

pytestmark = pytest.mark.compiler

PROGRAM = """
import numpy as np
from simgen.connect import columns, native, pieces, rules, store
from simgen.targets.cpu import compile as driver
flags = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
original = native.compile_shared
native.compile_shared = lambda source, **options: original(source, extra=flags, **options)
rng = np.random.default_rng(0)
for n_source, n_target, p, n_classes in [(30, 70, 0.3, 5), (200, 300, 0.01, 900), (3, 5, 0, 2)]:
    rows = rules.fixed_probability(n_source, n_target, p, 1, skip_self=True, threads=2)
    classes = rng.integers(0, n_classes, rows.n).astype(np.uint16)
    built = store.build_store(rows, classes, n_classes, [0, 2, n_target], with_order=True)
    store.recompute_order(built, threads=2)
    for part in range(2):
        columns.build_columns(built, part, by_delay=True, with_source=True, threads=2)
    piece = pieces.Piece(0, 0, n_target, rows.row_start)
    shared = pieces.SharedRows([piece], n_source)
    shared.splice([classes], np.empty_like(classes))
    for kept in (built, store.build_store(rows, classes, n_classes, [0, 2, n_target])):
        positions, _ = pieces.find_piece(kept, piece, classes=True)
        pieces.put_values(pieces.take_values(kept.targets, positions), positions, kept.targets)
    store.gather_into_storage(classes, built.order, np.empty_like(classes))
i, j = rng.integers(0, 20, 500), rng.integers(0, 90, 500)
rows = rules.from_arrays(i, j, 20, 90)
store.build_store(rows, (j % 3).astype(np.uint8), 3, with_order=True)
for multapses in (False, True):
    rules.fixed_total(30, 40, 700, 1, multapses=multapses, autapses=False)
    rules.fixed_total(2**20, 2**32 - 1, 50, 1, multapses=multapses)
    rules.fixed_out_degree(30, 40, 30, 1, multapses=multapses, autapses=False)
    rules.fixed_in_degree(30, 40, 3, 1, multapses=multapses, autapses=False)
rules.all_to_all(4, 4, skip_self=True)
print("done")
"""


@pytest.mark.parametrize("part", native._PARTS)
def test_the_support_library_compiles_without_warnings(part):
    compiler = find_compiler()
    arguments = ["-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Werror"]
    if compiler.openmp:
        arguments.append("-fopenmp")
    source = cuda_kernel_dir() / "cpu" / f"support_{part}.cpp"
    made = subprocess.run(
        [*compiler.command, *arguments, f"-I{cuda_kernel_dir()}", str(source)],
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr


@pytest.mark.slow
def test_the_support_library_has_no_undefined_behaviour():
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=cuda_kernel_dir().parent,
        capture_output=True,
        text=True,
    )
    assert made.stdout == "done\n", made.stderr
    assert made.stderr == ""


def test_a_layout_that_differs_is_found(monkeypatch):
    monkeypatch.setitem(native._PARTS, "rows", (("sg_split_job",), ()))
    native.load_part.cache_clear()
    try:
        with pytest.raises(native.InternalError, match="declarations differ"):
            native.load_part("rows")
    finally:
        native.load_part.cache_clear()

"""The shape of the house: who imports whom, where device words stand, what templates may say.

Each check is a function of a folder that returns what is wrong, so that each is also tried on a
folder with a planted violation.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

ROOT = Path(__file__).resolve().parent.parent

# A module belongs to the part whose name is the longest prefix of its own.
BASE = ("errors", "units", "dtypes", "options", "resources", "numerics", "threads")
ALLOWED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(BASE, BASE),
    "ir": BASE,
    "lang": ("ir", *BASE),
    "integrate": ("ir", *BASE),
    "model": ("integrate", "lang", "ir", *BASE),
    "connect": ("targets.cpu.compile", *BASE),
    "build": ("model", "lang", "integrate", "connect", "ir", *BASE),
    "passes": ("ir", *BASE),
    "runtime.cache": BASE,
    "targets": ("targets.base", "targets.cpu.compile", "runtime.cache", "ir", *BASE),
    "targets.base": ("ir", *BASE),
    "targets.cpu.compile": ("targets", "runtime.cache", "ir", *BASE),
    "runtime": (
        *("runtime.cache", "targets", "targets.base", "targets.cpu.compile", "connect", "ir"),
        *BASE,
    ),
    "pipeline": (
        *("build", "connect", "integrate", "ir", "lang", "model", "passes", "runtime"),
        *("runtime.cache", "targets", "targets.base", "targets.cpu.compile", *BASE),
    ),
    # Objects contribute resolved kernels and data: the api sees every stage but the targets.
    "api": (
        *("pipeline", "build", "integrate", "connect", "runtime", "model", "lang", "ir"),
        *("targets.base", *BASE),
    ),
    "brian": ("api", *BASE),
    "commands": (
        *("api", "brian", "pipeline", "build", "integrate", "model", "ir", "passes", "runtime"),
        *("runtime.cache", "targets", "targets.base", "targets.cpu.compile", *BASE),
    ),
    "__main__": ("commands", *BASE),
    "": ("api", "lang", *BASE),  # simgen/__init__.py
}
# Third-party package -> the only parts that import it; everything else is free.
OWNERS = {
    "sympy": ("integrate",),
    "cupy": ("targets.cuda",),
    "jinja2": ("targets.render",),
    "cffi": ("targets.cpu.compile",),
}
# Imports that may stand inside functions: optional packages, and what is slow and seldom needed.
LAZY = {"sympy", "matplotlib", "cupy", "pandas", "cffi", "jinja2", "difflib"}
LAZY_MODULES = {
    ("simgen.integrate.forms", "simgen.integrate.symbolic"),  # the latter loads SymPy
    ("simgen.targets.cuda.backend", "simgen.targets.cuda.emulate"),  # the latter loads cffi
}
ALWAYS_INSIDE = {"cffi", "cupy", "pandas", "matplotlib"}  # `import simgen` must work without them
DEVICE_WORDS = re.compile(
    r"__global__|__device__|__shared__|__launch_bounds__|__syncthreads|__syncwarp|__shfl|__ballot"
    r"|\bthreadIdx\b|\bblockIdx\b|\bblockDim\b|\bgridDim\b|\batomic(?:Add|CAS|Exch|Or|Max|Min)\b"
)
DEVICE_HOMES = ("simgen/targets/cuda/", "templates/cuda/", "cuda_kernels/")
PYTHON_LINES, TEMPLATE_LINES = 400, 100
TEMPLATE_NODES = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const),
    *(nodes.For, nodes.If, nodes.Include, nodes.Extends, nodes.Block, nodes.Filter, nodes.Keyword),
)


def module_files(root: Path) -> dict[str, Path]:
    """Return the modules of ``root``/simgen by dotted name."""
    found = {}
    for path in sorted((root / "simgen").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def part_of(module: str) -> str | None:
    """Return the longest row of ALLOWED that ``module`` lies in; None for what has no row."""
    name = module.removeprefix("simgen").lstrip(".")
    candidates = [part for part in ALLOWED if part and f"{name}.".startswith(f"{part}.")]
    return max(candidates, key=len, default="" if name == "" else None)


def imports_of(path: Path, known: set[str]) -> Iterator[tuple[str, bool, int]]:
    """Yield (module, inside a function, line) of every import; submodules are resolved."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            full = [f"{base}.{alias.name}" for alias in node.names]
            names = [name if name in known else base for name in full]
        for name in dict.fromkeys(names):
            yield name, id(node) in inside, getattr(node, "lineno", 0)


def check_imports(root: Path) -> list[str]:
    """Return the imports that go against ALLOWED, OWNERS or the rule about functions."""
    wrong = []
    files = module_files(root)
    for module, path in files.items():
        part = part_of(module)
        if part is None:
            wrong.append(f"{module} has no row in ALLOWED")
            continue
        for name, inside, line in imports_of(path, set(files)):
            place, top = f"{module}:{line}", name.split(".")[0]
            if name.startswith("."):
                wrong.append(f"{place} imports relatively")
            elif top == "simgen":
                target = part_of(name)
                if target is None or (target != part and target not in ALLOWED[part]):
                    wrong.append(f"{place} imports {name}")
                if inside and (module, name) not in LAZY_MODULES:
                    wrong.append(f"{place} imports {name} inside a function")
            else:
                owners = OWNERS.get(top)
                dotted = module.removeprefix("simgen.") + "."
                if owners and not any(dotted.startswith(f"{owner}.") for owner in owners):
                    wrong.append(f"{place} imports {top}")
                if inside and top not in LAZY:
                    wrong.append(f"{place} imports {top} inside a function")
                if not inside and top in ALWAYS_INSIDE:
                    wrong.append(f"{place} imports {top} outside a function")
    return wrong


def find_cycles(root: Path) -> list[list[str]]:
    """Return the sets of modules that import one another (strongly connected components).

    What stands under ``if TYPE_CHECKING`` is no import when the program runs and does not count.
    """
    files = module_files(root)
    graph = {
        module: {
            name
            for name, _, line in imports_of(path, set(files))
            if name in files and line not in unseen
        }
        for module, path in files.items()
        for unseen in [_annotation_lines(path)]
    }
    reach = {module: _reachable(graph, module) for module in graph}
    groups = {
        tuple(sorted(other for other in reach[module] if module in reach[other]))
        for module in graph
    }
    return [list(group) for group in sorted(groups) if len(group) > 1]


def _annotation_lines(path: Path) -> set[int]:
    """Return the lines of imports made for annotations only."""
    return {
        inner.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        for inner in node.body
    }


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        for name in graph[todo.pop()] - seen:
            seen.add(name)
            todo.append(name)
    return seen


def find_device_words(root: Path) -> list[str]:
    """Return the lines outside DEVICE_HOMES that speak of one device's language."""
    wrong = []
    for top in ("simgen", "templates"):
        for path in sorted((root / top).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix not in (".py", ".j2") or name.startswith(DEVICE_HOMES):
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if (word := DEVICE_WORDS.search(line)) is not None:
                    wrong.append(f"{name}:{number} says {word[0]}")
    return wrong


def find_template_logic(root: Path) -> list[str]:
    """Return what a template does beyond names, loops, one flag and the ``indent`` filter."""
    wrong = []
    for path in sorted((root / "templates").rglob("*.j2")):
        name = path.relative_to(root).as_posix()
        tree = jinja2.Environment().parse(path.read_text(encoding="utf-8"))
        flags = list(tree.find_all(nodes.If))
        wrong += [f"{name}:{node.lineno} has a second if" for node in flags[1:]]
        for node in tree.find_all(nodes.Node):
            problem = ""
            if not isinstance(node, TEMPLATE_NODES):
                problem = f"uses {type(node).__name__}"
            elif isinstance(node, nodes.Filter) and node.name != "indent":
                problem = f"uses the filter {node.name}"
            elif isinstance(node, nodes.If) and not isinstance(
                node.test, (nodes.Name, nodes.Getattr)
            ):
                problem = "decides something"
            elif isinstance(node, nodes.For) and (node.test or node.else_ or node.recursive):
                problem = "has a loop that decides something"
            if problem:
                wrong.append(f"{name}:{node.lineno} {problem}")
    return wrong


def find_long_files(root: Path) -> list[str]:
    """Return the files above the limits of length."""
    wrong = []
    limits = {f"{top}/**/*.py": PYTHON_LINES for top in ("simgen", "tests", "examples")}
    for pattern, limit in {**limits, "templates/**/*.j2": TEMPLATE_LINES}.items():
        for path in sorted(root.glob(pattern)):
            count = len(path.read_text(encoding="utf-8").splitlines())
            if count > limit:
                wrong.append(f"{path.relative_to(root).as_posix()} has {count} lines")
    return wrong


def find_equal_test_names(root: Path) -> list[str]:
    """Return the test files with the name of another one, which pytest would refuse to load."""
    names: dict[str, list[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        names.setdefault(path.name, []).append(path.relative_to(root).as_posix())
    return [" and ".join(paths) for paths in names.values() if len(paths) > 1]


CHECKS = (
    *(check_imports, find_cycles, find_device_words, find_template_logic),
    *(find_long_files, find_equal_test_names),
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_is_in_order(check):
    assert check(ROOT) == []


def test_the_table_itself_has_no_loop_between_parts_except_the_named_modules():
    single = {"runtime.cache", "targets.cpu.compile"}  # leaves that both directions may use
    graph = {
        part: {other for other in row if other not in single and other not in BASE} - {part}
        for part, row in ALLOWED.items()
        if part not in single and part not in BASE
    }
    assert [part for part in graph for other in graph[part] if part in graph[other]] == []


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("module", "line", "expected"),
    [
        ("ir/expr", "from simgen.model.nodes import X", "imports simgen.model.nodes"),
        ("ir/expr", "import simgen.targets.base", "imports simgen.targets.base"),
        ("ir/expr", "from simgen import api", "imports simgen.api"),
        ("ir/expr", "from simgen import NeuronGroup", "imports simgen"),
        ("targets/cpu/lower", "from simgen.runtime import state", "imports simgen.runtime.state"),
        ("connect/rules", "from simgen.targets import base", "imports simgen.targets.base"),
        ("lang/expressions", "import sympy.core", "imports sympy"),
        ("api/network", "from jinja2 import Template", "imports jinja2"),
        ("targets/render_more", "import jinja2", "imports jinja2"),
        ("connect/rules", "def f():\n    import cffi", "imports cffi"),
        ("targets/cuda/backend", "import cupy", "imports cupy outside a function"),
        ("api/network", "def f():\n    import cupy", "imports cupy"),
        ("api/network", "def f():\n    import json", "imports json inside a function"),
        ("ir/expr", "def f():\n    import simgen.errors", "simgen.errors inside a function"),
        ("ir/expr", "from .stmt import Let", "imports relatively"),
        ("surprise/thing", "", "has no row"),
    ],
)
def test_a_planted_import_is_found(tmp_path, module, line, expected):
    others = ("errors", "api/__init__", "model/nodes", "runtime/state", "targets/base")
    root = plant(tmp_path, {f"simgen/{name}.py": "" for name in others})
    plant(root, {"simgen/__init__.py": "from simgen.api import x\n"})
    assert check_imports(root) == []
    plant(root, {f"simgen/{module}.py": f"{line}\n"})
    (found,) = check_imports(root)
    assert expected in found


def test_permitted_imports_are_permitted(tmp_path):
    root = plant(
        tmp_path,
        {
            "simgen/errors.py": "def f():\n    import difflib\n",
            "simgen/runtime/cache.py": "import simgen.errors\n",
            "simgen/targets/cpu/compile.py": "from simgen.runtime import cache\n",
            "simgen/connect/rules.py": "from simgen.targets.cpu.compile import ffi\n",
            "simgen/integrate/exact.py": "import sympy\n",
            "simgen/targets/cuda/backend.py": "def f():\n    import cupy.cuda\n",
        },
    )
    assert check_imports(root) == []


def test_a_planted_cycle_is_found(tmp_path):
    files = {
        "simgen/ir/expr.py": "from simgen.ir import stmt\n",
        "simgen/ir/stmt.py": "from simgen.ir.kernel import Kernel\n",
        "simgen/ir/kernel.py": "def f():\n    from simgen.ir.expr import Expr\n",
        "simgen/ir/visit.py": "import simgen.ir.expr\n",
    }
    assert find_cycles(plant(tmp_path, files)) == [
        ["simgen.ir.expr", "simgen.ir.kernel", "simgen.ir.stmt"]
    ]


def test_a_planted_device_word_is_found(tmp_path):
    files = {
        "simgen/targets/cstyle.py": "HEAD = 'extern'\nCALL = 'atomicAdd(&x, 1)'\n",
        "simgen/targets/cuda/lower.py": "CALL = 'atomicAdd(&x, 1)'\n",
        "templates/cpp/module.cpp.j2": "int i = threadIdx.x;\n",
        "templates/cuda/module.cu.j2": "int i = threadIdx.x;\n",
    }
    assert find_device_words(plant(tmp_path, files)) == [
        "simgen/targets/cstyle.py:2 says atomicAdd",
        "templates/cpp/module.cpp.j2:1 says threadIdx",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% set x = view.a %}", "uses Assign"),
        ("{{ view.a + 1 }}", "uses Add"),
        ("{{ view.f() }}", "uses Call"),
        ("{{ view.a[0] }}", "uses Getitem"),
        ("{{ view.a | upper }}", "uses the filter upper"),
        ("{% if view.a == 1 %}x{% endif %}", "decides something"),
        ("{% if not view.a %}x{% endif %}", "decides something"),
        ("{% if view.a %}x{% endif %}{% if view.b %}x{% endif %}", "has a second if"),
        ("{% for x in view.a if x %}{{ x }}{% endfor %}", "loop that decides"),
        ("{% macro m(x) %}{{ x }}{% endmacro %}", "uses Macro"),
        ("{{ 'a' if view.b else 'c' }}", "uses CondExpr"),
    ],
)
def test_planted_template_logic_is_found(tmp_path, text, expected):
    found = find_template_logic(plant(tmp_path, {"templates/cpp/bad.j2": text}))
    assert any(expected in problem for problem in found), found


def test_a_plain_template_is_accepted(tmp_path):
    text = (
        "{% extends 'cpp/base.j2' %}{% block body %}{% include 'cpp/head.j2' %}\n"
        "{% for line in view.body %}  {{ line | indent(4) }}\n{% endfor %}"
        "{% if view.parallel %}#pragma omp parallel\n{% endif %}{% endblock %}"
    )
    assert find_template_logic(plant(tmp_path, {"templates/cpp/good.j2": text})) == []


def test_planted_long_files_are_found(tmp_path):
    files = {
        "simgen/ir/expr.py": "x = 1\n" * 401,
        "simgen/ir/stmt.py": "x = 1\n" * 400,
        "tests/test_a.py": "x = 1\n" * 401,
        "templates/cpp/module.j2": "x\n" * 101,
    }
    assert find_long_files(plant(tmp_path, files)) == [
        "simgen/ir/expr.py has 401 lines",
        "tests/test_a.py has 401 lines",
        "templates/cpp/module.j2 has 101 lines",
    ]


def test_planted_equal_test_names_are_found(tmp_path):
    names = ("tests/test_a.py", "tests/unit/test_a.py", "tests/unit/test_b.py", "tests/c/b.py")
    found = find_equal_test_names(plant(tmp_path, dict.fromkeys(names, "")))
    assert found == ["tests/test_a.py and tests/unit/test_a.py"]

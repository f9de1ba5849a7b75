from pathlib import Path

from setuptools import find_packages, setup

PLOT = ["matplotlib>=3.7"]
TEST = [
    "pytest>=7.4",
    "pytest-timeout>=2.2",
    "pytest-xdist>=3.5",
    "hypothesis>=6.80",
    "scipy>=1.11",
    "pandas>=2.0",
    "setuptools>=70.1",  # the first that builds wheels by itself; the packaging test builds one
    "ruff==0.17.6",
    "mypy==2.4.1",
    "nvidia-cuda-nvrtc>=13.5; sys_platform == 'linux'",  # compiles generated kernels without a GPU
    *PLOT,
]

setup(
    name="simgen",
    version="0.1.0",
    description="Compiles equation strings into spiking-network simulators for CPUs and GPUs",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The simgen developers",
    license="BSD-3-Clause",
    python_requires=">=3.10",
    packages=[
        *find_packages(include=["simgen", "simgen.*"]),
        "simgen.templates",
        "simgen.cuda_kernels",
    ],
    package_dir={"simgen.templates": "templates", "simgen.cuda_kernels": "cuda_kernels"},
    package_data={
        "simgen": ["py.typed"],
        "simgen.templates": ["**/*.j2"],
        "simgen.cuda_kernels": ["**/*.h", "**/*.cuh", "**/*.cpp"],
    },
    install_requires=["numpy>=2.0", "sympy>=1.12", "jinja2>=3.1", "cffi>=1.15"],
    extras_require={
        "cuda12": ["cupy-cuda12x>=14.2", "nvidia-cuda-nvrtc-cu12>=12.9"],
        "cuda13": ["cupy-cuda13x>=14.2", "nvidia-cuda-nvrtc>=13.5"],
        "plot": PLOT,
        "test": TEST,
        "dev": [*TEST, "pre-commit>=3.5"],
    },
    zip_safe=False,
)

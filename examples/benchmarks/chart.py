"""Draws the times that ``run.py --json`` wrote: seconds for a second of biological time.

python examples/benchmarks/chart.py results.json benchmarks.png
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = {"simgen": "#1b6ca8", "brian2": "#d1813a", "nest": "#8a8a8a"}
FADED = 0.55  # of a second row of one simulator


def draw(found: dict[str, Any], target: Path, duration: float) -> None:
    """Draw one group of bars for each model; numbers are ratios to simgen's first row."""
    results = [result for result in found["results"] if result["threads"] == 1]
    models = list(dict.fromkeys(result["model"] for result in results))
    figure, axes = plt.subplots(figsize=(8, 0.75 * len(results) / 2 + 1.2))
    place, ticks, seen = 0.0, [], set[str]()
    for model in models:
        group = [result for result in results if result["model"] == model]
        first = statistics.median(group[0]["seconds"])
        ticks.append(place + (len(group) - 1) / 2)
        for result in group:
            taken = statistics.median(result["seconds"])
            name = result["program"]
            simulator = name.split()[0]
            axes.barh(
                place,
                taken / duration,
                color=COLOURS.get(simulator, "#444444"),
                alpha=1.0 if name == simulator else FADED,
                label=None if name in seen else name,
            )
            told = (
                f" {taken / first:.1f}x" if result is not group[0] else f" {taken / duration:.3g} s"
            )
            axes.text(taken / duration, place, told, va="center", fontsize=8)
            seen.add(name)
            place += 1
        place += 0.7
    axes.set_yticks(ticks, [model.replace("_", " ") for model in models])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.set_xlabel("seconds for a second of biological time (one thread)")
    axes.set_title(found["machine"], fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(target, dpi=120)


def main() -> None:
    """Read the file, draw the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--duration", type=float, default=1.0, help="that of run.py, in seconds")
    options = parser.parse_args()
    found = json.loads(options.results.read_text(encoding="utf-8"))
    draw(found, options.picture, options.duration)


if __name__ == "__main__":
    main()

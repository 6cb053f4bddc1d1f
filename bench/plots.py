"""Draws what import_bench.py, launching.py and the core's benchmark have measured.

plots.py DIRECTORY PICTURES reads the JSON files of DIRECTORY and writes each picture as SVG and
PNG to PICTURES. What was not measured is not drawn.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

import figures
import freezers
import names
import report
import targets

Drawing = Any  # a figure, or None where there is nothing to draw

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": "#9aa0a6",
    "axes.labelcolor": "#3c4043",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
    "text.color": "#202124",
    "xtick.color": "#3c4043",
    "ytick.color": "#3c4043",
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "signedvfs",
}

# COLOURS: unverified ones are warm greys and oranges, signedvfs is blue, floors are pale.
COLOURS = {
    names.ZIP_DEFLATED: "#e8710a",
    names.ZIP_STORED: "#f6ae6c",
    names.PYZ: "#c5a26f",
    names.FILES: "#80868b",
    names.FILES_UNCHECKED: "#b4b9bf",
    names.OURS_ZSTD: "#9cc2f5",
    names.OURS_DEFLATED: "#6ba2ee",
    names.OURS_STORED: "#3b7ee0",
    names.ALL_DEFLATED: "#1f5bbd",
    names.ALL_STORED: "#123f8c",
    names.FLOOR: "#cfe8d5",
    names.FLOOR_NO_COLLECTOR: "#a8d5b5",
}

PART_COLOURS = {
    names.EXECUTE: "#b9c4d0",
    names.UNMARSHAL: "#8da2b8",
    names.AGAIN: "#f2c14e",
    names.COLLECTOR: "#cbb7dd",
    names.FIND: "#f08a5d",
    names.INFLATE: "#e15759",
    names.VERIFY: "#2f6fde",
    names.OTHER: "#9ec9b1",
}


def import_times(axes: Axes, imports: dict[str, Any], version: str) -> None:
    """Draws a group of bars for each corpus, with the ratios to zipimport, deflated."""
    corpora = [corpus for corpus in names.CORPORA if corpus in imports]
    rounds = {corpus: imports[corpus]["rounds"] for corpus in corpora}
    shown = [name for name in COLOURS if any(name in found for found in rounds.values())]
    width = 0.86 / max(len(shown), 1)
    top = 0.0
    for position, corpus in enumerate(corpora):
        for index, name in enumerate(shown):
            answers = rounds[corpus].get(name)
            if answers is None:
                continue
            found = figures.summary(answers, "import_ms")
            top = max(top, found["high"])
            x = position - 0.43 + (index + 0.5) * width
            errors = [[found["median"] - found["low"]], [found["high"] - found["median"]]]
            axes.bar(x, found["median"], width * 0.92, color=COLOURS[name],
                     label=name if position == 0 else None)  # fmt: skip
            axes.errorbar(x, found["median"], yerr=errors, fmt="none", ecolor="#3c4043",
                          elinewidth=0.6)  # fmt: skip
            base = rounds[corpus].get(names.ZIP_DEFLATED)
            if base is not None:
                ratio = figures.ratio(answers, base, "import_ms")["median"]
                axes.annotate(f"{ratio:.2f}", (x, found["high"]), (0, 3), rotation=90,
                              textcoords="offset points", ha="center", va="bottom",
                              fontsize=6.5)  # fmt: skip
    axes.set_ylim(0, top * 1.15)
    axes.set_xticks(range(len(corpora)), corpora)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("import time, ms")
    axes.set_title(f"CPython {version}")


def draw_imports(results: targets.Results) -> Drawing:
    """Draws import times; the numbers on the bars are ratios to zipimport, deflated."""
    found = {version: r["imports"] for version, r in results.items() if r.get("imports")}
    if not found:
        return None
    figure, grid = plt.subplots(
        len(found), 1, figsize=(10, 3.4 * len(found) + 0.8), squeeze=False, layout="constrained"
    )
    for axes, (version, imports) in zip(grid[:, 0], found.items()):
        import_times(axes, imports, version)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.suptitle(
        "Opening the archive and importing: medians and quartiles; on the bars the ratio to "
        "zipimport, deflated",
        x=0.01, ha="left",
    )  # fmt: skip
    return figure


def draw_parts(results: targets.Results) -> Drawing:
    """Draws where the CPU time goes, in layers."""
    found = {
        version: r["parts"] for version, r in results.items() if r.get("parts", {}).get("parts")
    }
    if not found:
        return None
    figure, grid = plt.subplots(
        1, len(found), figsize=(max(5.2 * len(found), 7.5), 4), squeeze=False, sharey=True,
        layout="constrained",
    )  # fmt: skip
    for axes, (version, parts) in zip(grid[0], found.items()):
        contenders = list(reversed(parts["parts"]))
        for row, name in enumerate(contenders):
            left = 0.0
            for part in names.PARTS:
                # A part that is a difference can come out below nothing where it is nothing.
                value = max(parts["parts"][name].get(part, 0.0), 0.0)
                axes.barh(row, value, left=left, height=0.68, color=PART_COLOURS[part],
                          label=part if row == 0 else None)  # fmt: skip
                if part == names.VERIFY and value > 0:
                    axes.annotate(f"{value:.0f}", (left + value / 2, row - 0.36), ha="center",
                                  va="top", fontsize=6.5, color=PART_COLOURS[part])  # fmt: skip
                left += value
            axes.annotate(f"{left:.0f}", (left, row), (4, 0), textcoords="offset points",
                          va="center", fontsize=8)  # fmt: skip
        axes.set_yticks(range(len(contenders)), contenders)
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.1)
        axes.set_xlabel("CPU time, ms")
        axes.set_title(f"import {parts['corpus']}, CPython {version}")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def draw_opening(results: targets.Results) -> Drawing:
    """Draws the time to open against the number of members, both axes logarithmic."""
    found = {version: r["opening"] for version, r in results.items() if r.get("opening")}
    if not found:
        return None
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for style, (version, sizes) in zip(("-", "--", ":"), found.items()):
        for name, colour, offset in (
            (names.OPEN_ZIP, COLOURS[names.ZIP_DEFLATED], 6),
            (names.OPEN_OURS, COLOURS[names.ALL_DEFLATED], -13),
        ):
            points = [
                (int(size), figures.summary(race["rounds"][name], "open_ms")["median"])
                for size, race in sizes.items()
                if name in race["rounds"]
            ]
            if not points:
                continue
            x, y = zip(*sorted(points))
            axes.plot(x, y, style, marker="o", color=colour, label=f"{name}, CPython {version}")
            if style == "-":
                for size, time in points:
                    axes.annotate(f"{time:.3g} ms", (size, time), (0, offset), ha="center",
                                  textcoords="offset points", fontsize=7.5)  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.margins(0.12)
    axes.set_xlabel("members of the archive")
    axes.set_ylabel("first look, ms")
    axes.set_title("Opening an archive")
    axes.legend()
    return figure


# RATES are the core's benchmarks that are drawn: their label and their colour.
RATES = {
    "floor_copy": ("copy alone", "#b4b9bf"),
    "floor_sha256": ("SHA-256 alone", "#5f6368"),
    "read_member<Method::kStored>": ("read and verify, stored", COLOURS[names.OURS_STORED]),
    "read_member<Method::kDeflate>": ("read and verify, deflated", COLOURS[names.OURS_DEFLATED]),
    "read_member<Method::kZstd>": ("read and verify, zstd", COLOURS[names.OURS_ZSTD]),
}


def draw_verifying(rates: dict[str, dict[int, float]]) -> Drawing:
    """Draws the throughput of reading members beside that of hashing and copying alone."""
    if not any(name in rates for name in RATES):
        return None
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for name, (label, colour) in RATES.items():
        if name in rates:
            x, y = zip(*sorted(rates[name].items()))
            dashed = "--" if name.startswith("floor") else "-"
            axes.plot(x, y, dashed, marker="o", markersize=4, color=colour, label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: size_text(value)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("size of the member")
    axes.set_ylabel("GB/s of content")
    axes.set_title("What verifying costs")
    axes.legend(ncols=2, loc="lower right")
    return figure


# Of starting programs: ours in blue, a plain Python in grey, others in orange.
STARTING_COLOURS = {
    freezers.BASE: COLOURS[names.FILES],
    freezers.VENV: COLOURS[names.FILES_UNCHECKED],
    freezers.OURS: COLOURS[names.OURS_ZSTD],
    freezers.OURS_STORED: COLOURS[names.OURS_STORED],
    freezers.OURS_RECORDED: COLOURS[names.ALL_STORED],
}


def draw_launching(path: Path) -> Drawing:
    """Draws how long programs take to start, a part for each application; beside the bars stands
    the ratio to the bare interpreter."""
    if not path.is_file():
        return None
    found = list(json.loads(path.read_text(encoding="utf-8"))["applications"].values())
    rows = max(len(one["rounds"]) for one in found)
    figure, grid = plt.subplots(
        1, len(found), figsize=(4.4 * len(found) + 1.5, 0.34 * rows + 1.1), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for axes, one in zip(grid[0], found):
        contenders = list(reversed(one["rounds"]))
        base = one["rounds"][freezers.BASE]
        for row, name in enumerate(contenders):
            times = figures.summary(one["rounds"][name], "wall_ms")
            errors = [[times["median"] - times["low"]], [times["high"] - times["median"]]]
            axes.barh(row, times["median"], height=0.68, xerr=errors, ecolor="#3c4043",
                      error_kw={"elinewidth": 0.6},
                      color=STARTING_COLOURS.get(name, COLOURS[names.ZIP_STORED]))  # fmt: skip
            ratio = figures.ratio(one["rounds"][name], base, "wall_ms")["median"]
            axes.annotate(f"{ratio:.2f}", (times["high"], row), (4, 0), va="center",
                          textcoords="offset points", fontsize=7.5)  # fmt: skip
        axes.set_yticks(range(len(contenders)), [name.replace("`", "") for name in contenders])
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.15)
        axes.set_xlabel("ms")
        axes.set_title(one["title"])
    return figure


def size_text(value: float) -> str:
    return f"{value / 2**20:g} MiB" if value >= 2**20 else f"{value / 2**10:g} KiB"


def figures_of(directory: Path) -> Iterator[tuple[str, Drawing]]:
    yield "launching", draw_launching(directory / "launching.json")
    results = report.load(directory)
    yield "imports", draw_imports(results)
    yield "parts", draw_parts(results)
    yield "opening", draw_opening(results)
    yield "verifying", draw_verifying(report.core_rates(directory))


def main() -> None:
    directory, pictures = (Path(argument) for argument in sys.argv[1:])
    pictures.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update(STYLE)
    for name, figure in figures_of(directory):
        if figure is None:
            print(f"{name}: nothing was measured, nothing is drawn")
            continue
        # Without a date, the same numbers give the same file.
        figure.savefig(pictures / f"{name}.svg", metadata={"Date": None})
        figure.savefig(pictures / f"{name}.png", dpi=110)
        plt.close(figure)
        print(f"{pictures / name}.svg and .png")


if __name__ == "__main__":
    main()

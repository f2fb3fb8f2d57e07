"""What was measured as a page and as a figure."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from measuring import TIMES, Group, Measurement

mpl.use("Agg")
SLOWER = 2.0  # times the baseline at which a line is marked: under load two runs differ by up to one half
# Okabe and Ito's colours; the shapes say the same without them.
MARKS = {"met": ("#0072B2", "o"), "MISSED": ("#D55E00", "X"), "quoted": ("#0072B2", "D")}
GREY = "#777777"
Groups = Mapping[str, Group]
OPENS, CLOSES = "<!-- made by benchmarks/run.py --update -->", "<!-- end -->"


def to_baseline(line: Measurement, now: Group, before: Group | None) -> float | None:
    """Return how many times the baseline's value this is; times of both in units of their calibration."""
    old = {one.what: one for one in before.measurements}.get(line.what) if before else None
    if before is None or old is None or not old.value or line.value is None or old.unit != line.unit:
        return None
    scale = before.calibration / now.calibration if line.unit in TIMES else 1.0
    return line.value / old.value * scale


def missed(found: Groups) -> int:
    """Count the goals that are missed."""
    return sum(line.verdict == "MISSED" for group in found.values() for line in group.measurements)


def number(value: float | None) -> str:
    """Return a number with three digits, as a reader wants it."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(line: Measurement, ratio: float | None) -> list[str]:
    """Return the cells of a line."""
    goal = "" if line.goal is None else f"{'at least' if line.at_least else 'at most'} {number(line.goal)}"
    noise = "one run" if line.noise is None else f"+{100 * line.noise:.0f}%"
    against = "" if ratio is None else f"{ratio:.2f}{' SLOWER' if line.unit in TIMES and ratio > SLOWER else ''}"
    measured = "" if line.value is None else f"{number(line.value)} {line.unit}"
    return [line.what, measured, goal, line.verdict, against, noise if line.value is not None else "", line.note]


def table(title: str, group: Group, before: Group | None) -> list[str]:
    """Return the lines of one group in Markdown."""
    head = ["what", "measured", "goal", "", "to baseline", "noise", ""]
    rows = [cells(line, to_baseline(line, group, before)) for line in group.measurements]
    return [f"## {title}", "", *(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)), ""]


def page(found: Groups, before: Groups, quoted: Groups) -> str:
    """Return the page in Markdown."""
    lines = [line for group in found.values() for line in group.measurements]
    counts = {verdict: sum(line.verdict == verdict for line in lines) for verdict in ("met", "MISSED", "not measured")}
    steady = [1e3 * group.calibration for group in found.values()]
    text = [
        "# Performance budgets",
        "",
        f"{next(iter(found.values())).machine}, one thread. Times are the least CPU seconds of some runs; the noise is",
        "by how much their median lies above. A ratio to the baseline below 1 is less than before; times are compared",
        f"in units of a fixed piece of work ({min(steady):.1f} to {max(steady):.1f} ms in this run's groups).",
        "",
        f"**Goals: {counts['met']} met, {counts['MISSED']} missed, {counts['not measured']} not measurable here.**",
        "",
    ]
    for name, group in found.items():
        text += table(name, group, before.get(name))
    for name, group in quoted.items():
        text += table(f"{name}: not run now, quoted from {group.measured} ({group.machine})", group, None)
    return "\n".join(text)


def replaced(path: Path, text: str) -> str:
    """Return a document with the part between its two marks replaced."""
    before, _, rest = path.read_text(encoding="utf-8").partition(OPENS)
    _, _, after = rest.partition(CLOSES)
    return f"{before}{OPENS}\n{text}\n{CLOSES}{after}"


def measured(groups: Groups) -> str:
    """Return the committed figures for the documentation: lines with a goal or a peer, with their day."""
    head = ["group", "what", "measured", "goal", "", "noise", ""]
    rows = [
        [name, *(cell for place, cell in enumerate(cells(line, None)) if place != 4)]
        for name, group in groups.items()
        for line in group.measurements
        if line.goal is not None or line.unit == "times"
    ]
    days = sorted({group.measured for group in groups.values()})
    return "\n".join(
        [
            f"{next(iter(groups.values())).machine}; measured {' to '.join(dict.fromkeys((days[0], days[-1])))}.",
            "",
            *(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)),
        ]
    )


def draw(found: Groups, before: Groups, quoted: Groups, path: Path) -> None:
    """Draw every line that has a goal by how much of it is taken, as PNG and PDF."""
    rows = [
        (
            f"{name}: {line.what}",
            line,
            to_baseline(line, group, before.get(name)) if name in found else None,
            name in quoted,
        )
        for name, group in {**found, **quoted}.items()
        for line in group.measurements
        if line.goal
    ]
    figure = Figure(figsize=(11, 1.6 + 0.24 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for height, (_, line, ratio, is_quoted) in enumerate(rows):
        mark(axes, height, line, ratio, is_quoted=is_quoted)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(rows)), [what for what, *_ in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("share of the budget that is taken (log scale): right of the line it is exceeded")
    axes.grid(visible=True, axis="x", color="#DDDDDD", linewidth=0.5)
    axes.set_axisbelow(True)
    for label, (colour, shape) in MARKS.items():
        axes.plot([], [], shape, color=colour, label=label.lower())
    axes.plot([], [], "|", color=GREY, markersize=10, label="committed baseline")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize=9)
    for suffix in ("png", "pdf"):
        figure.savefig(path.with_suffix(f".{suffix}"), dpi=150)


def mark(axes: Axes, height: int, line: Measurement, ratio: float | None, *, is_quoted: bool) -> None:
    """Draw one line: a point, the baseline's stroke, or words where nothing could be measured."""
    share = line.to_goal
    if share is None:
        axes.text(0.95, height, "not measurable here", ha="right", va="center", fontsize=8, color=GREY)
        return
    colour, shape = MARKS["quoted" if is_quoted and line.verdict == "met" else line.verdict]
    axes.plot([min(share, 1), max(share, 1)], [height, height], color="#CCCCCC", linewidth=1, zorder=1)
    axes.plot(share, height, shape, color=colour, markersize=6, zorder=3)
    if ratio:
        axes.plot(share * ratio if line.at_least else share / ratio, height, "|", color=GREY, markersize=11, zorder=2)

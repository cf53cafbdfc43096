"""Plots over time, drawn as SVG by matplotlib without its global figure; a page shows each beside a table.

Only figures and times stand in the drawing: titles, legends and tables are HTML (`templates/plot.html`), where they are
translated and read aloud. A browser asks for the look it needs (theme, size, zone), so nothing is drawn twice.
"""

import asyncio
import io
import math
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from aiohttp import web

from gateway.pages import figures
from gateway.pages.frame import HEADERS, language_of
from gateway.pages.language import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Theme = Literal["light", "dark"]
Size = Literal["desk", "phone"]

BANK_ZONE: Final = "Asia/Shanghai"
MOST_LINES: Final = 6
"""More cannot be told apart by colour; who has more shows the five greatest and the rest as one."""
MOST_STEPS: Final = 400

_SIZES: Final[Mapping[Size, tuple[int, int]]] = {"desk": (560, 216), "phone": (340, 204)}
_MOST_TIMES: Final[Mapping[Size, int]] = {"desk": 7, "phone": 4}
_TEXT_PX: Final = 12
_DIGIT_PX: Final = 7.6
# Those of house.css (.swatch-1 to .swatch-6), each at 3:1 or more on the paper of its theme.
_COLOURS: Final[Mapping[Theme, tuple[str, ...]]] = {
    "light": ("#0b6b63", "#b45f06", "#4653b3", "#b3305f", "#5f7a12", "#5c6b73"),
    "dark": ("#4fd1c0", "#fbbf52", "#9aa5ff", "#ff8fb4", "#b7d35a", "#a3b0ad"),
}
_QUIET: Final[Mapping[Theme, str]] = {"light": "#52605d", "dark": "#a3b0ad"}
_RULE: Final[Mapping[Theme, str]] = {"light": "#e3e7e5", "dark": "#2b3331"}
_FAMILY: Final = (
    b"system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', "
    b"'WenQuanYi Zen Hei', sans-serif"
)
_FAMILY_WRITTEN: Final = re.compile(rb"font-family: [^;\"]*")
_TIMES: Final = tuple(
    timedelta(minutes=one)
    for one in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 20_160, 43_200, 129_600)
)
_DAY: Final = timedelta(days=1)
# One thread, for matplotlib is not made for two; and one of its own: nobody's plots keep a code from being drawn.
_DRAWER: Final = ThreadPoolExecutor(1, thread_name_prefix="plot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One quantity; `name` is a text or data, said in legend and table. None where nothing was measured.

    Attributes:
        code: what the API calls it, shown aside where a name stands for it.
    """

    name: str
    values: tuple[float | None, ...]
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Quantities over time.

    Attributes:
        at: the beginnings of equal steps, aware, oldest first.
        shape: `line` for levels and rates; `bars` for counts, stacked.
        unit: written behind each figure: `%`, `ms`.
        ceiling: where the scale ends, as 100 for shares; else what the figures need.
    """

    at: tuple[datetime, ...]
    lines: tuple[Line, ...]
    shape: Literal["line", "bars"] = "line"
    unit: str = ""
    ceiling: float | None = None

    def __post_init__(self) -> None:
        assert 0 < len(self.at) <= MOST_STEPS, "bounded by who reads them"
        assert len(self.lines) <= MOST_LINES, "fold the smallest into one"
        assert all(len(one.values) == len(self.at) for one in self.lines), "a value for each step"

    @property
    def empty(self) -> bool:
        """Nothing was measured at all."""
        return all(value is None for one in self.lines for value in one.values)

    @property
    def daily(self) -> bool:
        """Whether its steps are days: those are the bank's, wherever the reader is."""
        return len(self.at) > 1 and self.at[1] - self.at[0] >= _DAY

    def day(self, at: datetime) -> date:
        """The day that a step of a daily plot is."""
        return at.astimezone(ZoneInfo(BANK_ZONE)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a browser wants it."""

    theme: Theme = "light"
    size: Size = "desk"
    zone: str = BANK_ZONE
    language: Language = "zh-CN"

    @classmethod
    def asked(cls, request: web.BaseRequest) -> "Look":
        """From the query `?theme=dark&size=phone&zone=Europe/London`; what is unknown is as by default."""
        query = request.query
        zone = query.get("zone", BANK_ZONE)
        return cls(
            theme="dark" if query.get("theme") == "dark" else "light",
            size="phone" if query.get("size") == "phone" else "desk",
            zone=zone if zone in _zones() else BANK_ZONE,
            language=language_of(request),
        )


async def picture(request: web.BaseRequest, plot: Plot) -> web.Response:
    """The plot as the answer to a request for it, drawn off the event loop."""
    look = Look.asked(request)
    drawing = await asyncio.get_running_loop().run_in_executor(_DRAWER, drawn, plot, look)
    # Styles stand in the drawing itself; it is shown as <img>, where nothing in it can load or run.
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    headers = {**HEADERS, "Content-Security-Policy": policy, "Content-Type": "image/svg+xml"}
    return web.Response(body=drawing, headers=headers)


def drawn(plot: Plot, look: Look) -> bytes:
    """The drawing: a transparent ground, so that it lies on whatever paper the theme has."""
    width, height = _SIZES[look.size]
    figure = _new_figure(width, height)
    top = _top(plot)
    heights = _heights(top, whole=plot.shape == "bars")
    labels = [figures.number(one, look.language) + plot.unit for one in heights]
    left = max(28.0, max(map(len, labels)) * _DIGIT_PX + 12)
    axes = figure.add_axes((left / width, 26 / height, (width - left - 14) / width, (height - 38) / height))
    _scales(axes, plot, look, list(zip(heights, labels, strict=True)))
    match plot.shape:
        case "line":
            _draw_lines(axes, plot, _COLOURS[look.theme])
        case "bars":
            _draw_bars(axes, plot, _COLOURS[look.theme])
    written = io.BytesIO()
    figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _FAMILY_WRITTEN.sub(b"font-family: " + _FAMILY, written.getvalue())


def times(at: Sequence[datetime], zone: tzinfo, most: int) -> list[tuple[int, str]]:
    """Where on the axis which time is written: round ones in the reader's zone, `most` at most."""
    local = [one.astimezone(zone) for one in at]
    apart = at[1] - at[0] if len(at) > 1 else timedelta(0)
    for step in (one for one in _TIMES if one >= min(apart, _TIMES[-1])):
        found = [(index, one) for index, one in enumerate(local) if _is_round(one, step)]
        if len(found) <= most:
            break
    written = "%m-%d" if step >= _DAY else "%H:%M"
    return [(index, one.strftime(written)) for index, one in found]


@cache
def _zones() -> frozenset[str]:
    """Read once: it takes hundreds of files."""
    return frozenset(available_timezones())


def _is_round(local: datetime, step: timedelta) -> bool:
    if step >= _DAY:
        return local.time() == local.min.time() and local.toordinal() % step.days == 0
    minutes = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    return minutes % step == timedelta(0)


def _top(plot: Plot) -> float:
    if plot.ceiling is not None:
        return plot.ceiling
    levels = [[value or 0.0 for value in one.values] for one in plot.lines]
    if plot.shape == "bars":
        levels = [[sum(stack) for stack in zip(*levels, strict=True)]]
    return max((value for one in levels for value in one), default=0.0)


def _heights(top: float, *, whole: bool) -> list[float]:
    """Three to five round figures from zero on; the last is the end of the scale."""
    if top <= 0:
        return [0, 1]
    power = 10.0 ** math.floor(math.log10(top / 4))
    steps = [power * one for one in (1, 2, 2.5, 5, 10)]
    step = next(one for one in steps if one * 4 >= top * 0.999)
    if whole and step < 1:
        step = 1.0
    return [round(step * one, 10) for one in range(math.ceil(top * 0.999 / step) + 1)]


def _scales(axes: "Axes", plot: Plot, look: Look, heights: Sequence[tuple[float, str]]) -> None:
    quiet, rule = _QUIET[look.theme], _RULE[look.theme]
    zone = ZoneInfo(BANK_ZONE if plot.daily else look.zone)
    marks = times(plot.at, zone, _MOST_TIMES[look.size])
    axes.set_xlim(-0.5, len(plot.at) - 0.5)
    axes.set_ylim(0, heights[-1][0] * 1.02)
    axes.set_xticks([index for index, _ in marks], [text for _, text in marks])
    axes.set_yticks([height for height, _ in heights], [text for _, text in heights])
    axes.tick_params(length=0, pad=6, labelsize=_TEXT_PX, labelcolor=quiet)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(quiet)
    axes.grid(axis="y", color=rule, linewidth=1)
    axes.set_axisbelow(True)


def _draw_lines(axes: "Axes", plot: Plot, colours: Sequence[str]) -> None:
    alone = len(plot.lines) == 1
    for line, colour in zip(plot.lines, colours, strict=False):
        values = [math.nan if one is None else one for one in line.values]
        steps = range(len(values))
        axes.plot(steps, values, color=colour, linewidth=2, solid_capstyle="round", clip_on=False)
        if alone:
            axes.fill_between(steps, values, color=colour, alpha=0.12, linewidth=0)
        dots = _dots(line.values)
        axes.plot(dots, [values[one] for one in dots], "o", color=colour, markersize=4.5, clip_on=False)


def _dots(values: Sequence[float | None]) -> list[int]:
    """Those that a line would not show, for nothing is on either side; and the last."""
    known = {index for index, one in enumerate(values) if one is not None}
    lonely = {one for one in known if not {one - 1, one + 1} & known}
    return sorted(lonely | ({max(known)} if known else set()))


def _draw_bars(axes: "Axes", plot: Plot, colours: Sequence[str]) -> None:
    # See _new_figure.
    from matplotlib.collections import PolyCollection  # noqa: PLC0415

    below = [0.0] * len(plot.at)
    for line, colour in zip(plot.lines, colours, strict=False):
        above = [low + (value or 0.0) for low, value in zip(below, line.values, strict=True)]
        shapes = [
            [(index - 0.38, low), (index - 0.38, high), (index + 0.38, high), (index + 0.38, low)]
            for index, (low, high) in enumerate(zip(below, above, strict=True))
            if high > low
        ]
        axes.add_collection(PolyCollection(shapes, facecolors=colour, linewidths=0))
        below = above


def _new_figure(width: int, height: int) -> "Figure":
    """A figure of so many CSS pixels, one of which is matplotlib's point."""
    settings()
    # Its import takes longer than a replica's start, and most replicas never draw a plot.
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(figsize=(width / 72, height / 72), dpi=72)


@cache
def settings() -> Any:
    """What matplotlib has to know, told once: text stays text, and the same figures are the same bytes."""
    # See _new_figure.
    import matplotlib as mpl  # noqa: PLC0415

    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "gateway", "font.family": "DejaVu Sans"})
    return mpl

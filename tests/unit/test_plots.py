"""Plots: what is drawn, where the times stand, and that nothing hostile comes in by a name."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from gateway.pages.plots import Line, Look, Plot, drawn, times

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def hour(*values: float | None, shape: str = "line", name: str = "payments", unit: str = "") -> Plot:
    lines = (Line(name=name, values=(values * 60)[:60]),)
    at = tuple(NOON + timedelta(minutes=one) for one in range(60))
    return Plot(at=at, lines=lines, shape="bars" if shape == "bars" else "line", unit=unit)


def texts(drawing: bytes) -> list[str]:
    root = ET.fromstring(drawing)
    return [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]


def test_text_stays_text_in_fonts_that_have_chinese_too() -> None:
    drawing = drawn(hour(0, 40, 93), Look())
    assert texts(drawing) == [
        "12:00",
        "12:10",
        "12:20",
        "12:30",
        "12:40",
        "12:50",
        "0",
        "25",
        "50",
        "75",
        "100",
    ]
    assert drawing.count(b"'Noto Sans CJK SC'") == len(texts(drawing))
    assert b"DejaVu" not in drawing


def test_the_same_figures_are_the_same_bytes_and_each_look_is_its_own() -> None:
    looks = [Look(), Look(theme="dark"), Look(size="phone"), Look(zone="Europe/London")]
    assert drawn(hour(1, 2), looks[0]) == drawn(hour(1, 2), looks[0])
    assert len({drawn(hour(1, 2), one) for one in looks}) == len(looks)
    assert b"#4fd1c0" in drawn(hour(1, 2), looks[1])
    assert "04:10" in texts(drawn(hour(1, 2), looks[3]))


def test_a_name_is_never_in_the_drawing() -> None:
    assert b"script" not in drawn(hour(1, name="<script>alert(1)</script>"), Look())


@pytest.mark.parametrize("shape", ["line", "bars"])
def test_nothing_zero_and_a_single_figure_are_drawn_too(shape: str) -> None:
    nothing = hour(None, shape=shape)
    assert nothing.empty
    assert texts(drawn(nothing, Look()))[-2:] == ["0", "1"]
    lonely = drawn(hour(*[None] * 30, 3, *[None] * 29, shape=shape), Look())
    assert lonely.count(b"#0b6b63") > 0
    assert texts(drawn(hour(0, shape=shape), Look()))[-2:] == ["0", "1"]


def test_bars_stand_on_each_other_and_count_in_whole_ones() -> None:
    both = hour(1, shape="bars").lines * 2
    stacked = Plot(at=hour(1).at, lines=both, shape="bars")
    assert texts(drawn(stacked, Look()))[-3:] == ["0", "1", "2"]


def test_figures_have_their_unit_and_grouping() -> None:
    assert texts(drawn(hour(0, 9_500), Look()))[-1] == "10,000"
    assert texts(drawn(hour(0, 99.2, unit="%"), Look()))[-1] == "100%"


def test_times_are_round_in_the_readers_zone_and_few_enough() -> None:
    at = [NOON + timedelta(minutes=one) for one in range(60)]
    assert times(at, SHANGHAI, 4) == [(0, "12:00"), (15, "12:15"), (30, "12:30"), (45, "12:45")]
    nepal = [text for _, text in times(at, ZoneInfo("Asia/Kathmandu"), 4)]
    assert nepal == ["09:45", "10:00", "10:15", "10:30"]
    days = [datetime(2026, 2, 20, 16, tzinfo=UTC) + timedelta(days=one) for one in range(90)]
    assert len(times(days, SHANGHAI, 7)) <= 7
    assert all("-" in text for _, text in times(days, SHANGHAI, 7))


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(AssertionError):
        Plot(at=hour(1).at, lines=hour(1).lines * 7)
    with pytest.raises(AssertionError):
        Plot(at=hour(1).at[:10], lines=hour(1).lines)

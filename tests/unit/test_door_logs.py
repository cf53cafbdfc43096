import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.door import logs, request_id


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.set_up("INFO", stream)
    yield stream
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def fail() -> None:
    raise KeyError("canary")


def test_only_allowed_fields_get_out(out: io.StringIO) -> None:
    structlog.get_logger().info(
        "answered", status=200, body="canary", token="canary", headers={"a": "canary"}
    )
    [line] = lines(out)
    assert line["status"] == 200
    assert line.keys() == {"event", "level", "at", "status"}


def test_an_error_is_logged_by_kind_and_place_never_by_its_words(out: io.StringIO) -> None:
    try:
        fail()
    except KeyError as error:
        structlog.get_logger().error("defect", exc_info=error)
        structlog.get_logger().exception("defect")
        logging.getLogger("library").exception("it said %s", "canary")
    assert "canary" not in out.getvalue()
    assert [line["error"] for line in lines(out)] == ["KeyError"] * 3
    assert all(line["places"][-1].endswith(" fail") for line in lines(out))


def test_a_line_carries_the_request_it_belongs_to(out: io.StringIO) -> None:
    known = request_id.settle("till-7:000123")
    structlog.get_logger().warning("core slow", core="bank")
    assert lines(out)[0]["request_id"] == known == "till-7:000123"

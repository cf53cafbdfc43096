import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.doors import A_NOTE, OpenDoor, open_door

GOOD = b'{"title":"milk","amount":{"amount_minor":250,"currency":"CNY"}}'
JSON = {"Content-Type": "application/json"}
BAD_CHUNK = (
    b"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"
)


@pytest.fixture
async def door(pool: asyncpg.Pool) -> AsyncIterator[OpenDoor]:
    async with open_door(pool) as opened:
        yield opened


async def post(door: OpenDoor, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """Post a note and check what is true of every problem."""
    sent = {**JSON, **await door.headers(), **headers}
    async with door.http.post(f"{door.public}/v1/notes", data=body, headers=sent) as answer:
        said = await answer.json(content_type=None)
        if answer.status >= 400:
            assert answer.content_type == "application/problem+json"
            assert answer.headers["X-Request-Id"] == said["request_id"]
            assert {"type", "title", "status", "code", "detail", "request_id", "errors"} <= said.keys()
            assert said["status"] == answer.status
        return answer.status, said


async def notes(door: OpenDoor) -> int:
    rows: int = await door.pool.fetchval(
        "SELECT (SELECT count(*) FROM public.notes) + (SELECT count(*) FROM gateway.idempotency_keys)"
    )
    return rows


def with_title(raw: bytes) -> bytes:
    return GOOD.replace(b'"milk"', raw)


GARBAGE = [
    (b"", "body_malformed", "not_json"),
    (b"{", "body_malformed", "not_json"),
    (b'{"title": NaN}', "body_malformed", "not_json"),
    (b'{"title": Infinity}', "body_malformed", "not_json"),
    (b'{"title": 1e999}', "body_malformed", "number_too_large"),
    (b'{"title": ' + b"9" * 5000 + b"}", "body_malformed", "number_too_large"),
    (b'{"title": ' + b"9" * 19 + b"9}", "body_malformed", "number_too_large"),
    (b"\xef\xbb\xbf" + GOOD, "body_malformed", "not_json"),
    (with_title(b'"\xff\xfe"'), "body_malformed", "not_utf8"),
    (with_title(b'"a\x00b"'), "body_malformed", "not_json"),
    (with_title(rb'"a\u0000b"'), "body_malformed", "nul_character"),
    (with_title(rb'"\ud800"'), "body_malformed", "lone_surrogate"),
    (b'{"title": "a", "title": "b"}', "body_malformed", "duplicate_key"),
    (b"[" * 17 + b"]" * 17, "body_malformed", "too_deep"),
    (b"[" * 30_000, "body_malformed", "too_deep"),
    (b"[]", "request_invalid", "wrong_type"),
    (b"null", "request_invalid", "wrong_type"),
    (with_title(b'"milk","colou":1'), "request_invalid", "unknown_field"),
    (with_title(b'"milk","due_at":"2026-01-01T00:00:00"'), "request_invalid", "wrong_format"),
    (with_title(b'""'), "request_invalid", "too_short"),
    (with_title(b'"milk","tags":["ok\\n"]'), "request_invalid", "wrong_format"),
    (GOOD.replace(b"250", b"2.5"), "request_invalid", "wrong_type"),
    (GOOD.replace(b"250", b"250.0"), "request_invalid", "wrong_type"),
    (GOOD.replace(b"250", b"25e1"), "request_invalid", "wrong_type"),
    (GOOD.replace(b"250", b"true"), "request_invalid", "wrong_type"),
    (GOOD.replace(b"250", b"-1"), "request_invalid", "too_small"),
]


async def test_garbage_is_one_problem_that_says_what_is_wrong_and_leaves_no_row(door: OpenDoor) -> None:
    for body, code, fault in GARBAGE:
        status, said = await post(door, body)
        assert (status, said["code"]) == (400, code), body[:60]
        assert fault in [one["code"] for one in said["errors"]], body[:60]
    assert await notes(door) == 0


async def test_every_fault_of_a_body_is_listed_with_its_place(door: OpenDoor) -> None:
    body = {
        "amount": {"amount_minor": 0.5, "currency": "yuan"},
        "place": {"kind": "street", "name": 5, "number": 0},
        "tags": ["OK", "fine"],
        "x~/y": 1,
    }
    _, said = await post(door, json.dumps(body).encode())
    assert [(one["pointer"], one["code"]) for one in said["errors"]] == [
        ("/amount/amount_minor", "wrong_type"),
        ("/amount/currency", "wrong_format"),
        ("/place/name", "wrong_type"),
        ("/place/number", "too_small"),
        ("/tags/0", "wrong_format"),
        ("/title", "missing"),
        ("/x~0~1y", "unknown_field"),
    ]


async def test_a_union_is_judged_by_the_branch_its_tag_names(door: OpenDoor) -> None:
    note = msgspec.to_builtins(A_NOTE)
    for place, expected in (
        ({"kind": "online", "domain": "A B"}, ("/place/domain", "wrong_format")),
        ({"kind": "cloud"}, ("/place/kind", "not_allowed")),
        ({"name": "x"}, ("/place/kind", "missing")),
        ("street", ("/place", "wrong_type")),
    ):
        _, said = await post(door, json.dumps({**note, "place": place}).encode())
        assert [(one["pointer"], one["code"]) for one in said["errors"]] == [expected]


async def test_a_value_never_comes_back_in_a_problem(door: OpenDoor) -> None:
    for body in (with_title(b'"' + b"canary" * 20 + b'"'), with_title(b'["canary"]')):
        _, said = await post(door, body)
        assert "canary" not in json.dumps(said)


async def test_a_body_of_one_megabyte_is_refused_before_it_is_read(door: OpenDoor) -> None:
    status, said = await post(door, b" " * (1 << 20))
    assert (status, said["code"], said["max_bytes"]) == (413, "body_too_large", 65536)


async def test_a_chunked_body_that_grows_too_long_is_refused(door: OpenDoor) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    headers = {**JSON, **await door.headers()}
    async with door.http.post(f"{door.public}/v1/notes", data=endless(), headers=headers) as answer:
        assert answer.status == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=gbk"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Encoding": "gzip"},
    ],
)
async def test_another_content_type_or_encoding_is_415(door: OpenDoor, headers: dict[str, str]) -> None:
    status, _ = await post(door, GOOD, **headers)
    assert status == 415


WRONG_WAYS = [
    ("GET", "/", 404),
    ("GET", "/v1/nothing", 404),
    ("GET", "/v1/notes/", 404),
    ("GET", "/v1/notes/a%00b", 404),
    ("GET", "/v1/notes/%ff", 404),
    ("GET", "/v1/notes/a%2Fb", 404),
    ("GET", "/v1/notes/not_yours", 404),
    ("PUT", "/v1/notes", 405),
    ("OPTIONS", "/v1/notes", 405),
    ("HEAD", "/v1/notes", 405),
    ("TRACE", "/v1/notes", 405),
    ("DELETE", "/admin/v1/notes", 404),
]


async def test_wrong_paths_and_methods_are_problems_too(door: OpenDoor) -> None:
    headers = await door.headers(key=None)
    for method, path, status in WRONG_WAYS:
        async with door.http.request(method, door.public + path, headers=headers) as answer:
            assert answer.status == status, path
            assert answer.content_type == "application/problem+json"
            assert (answer.headers.get("Allow") == "GET, POST") == (status == 405)


BAD_QUERIES: list[tuple[str, set[tuple[str, str]]]] = [
    ("limit=0", {("#query/limit", "too_small")}),
    ("limit=1.5&colour=blue", {("#query/limit", "wrong_type"), ("#query/colour", "not_allowed")}),
    (
        "limit=x&colour=blue&since=now&page=3&cursor=zzz&cursor=y",
        {
            ("#query/limit", "wrong_type"),
            ("#query/colour", "not_allowed"),
            ("#query/since", "wrong_format"),
            ("#query/page", "unknown_field"),
            ("#query/cursor", "duplicate_key"),
        },
    ),
    ("cursor=zzz", {("#query/cursor", "wrong_format")}),
    ("cursor=not_01980f5e7d3c7a10b6a2f0d10000002a%0a", {("#query/cursor", "wrong_format")}),
    ("limit=1&limit=2&page=3", {("#query/limit", "duplicate_key"), ("#query/page", "unknown_field")}),
    ("cursor=a%00", {("#query/cursor", "wrong_format")}),
    ("cursor=a%0a", {("#query/cursor", "wrong_format")}),
    ("cursor=%ff", {("#query/", "not_urlencoded")}),
    ("since=2026-01-01T00:00:00", {("#query/since", "wrong_format")}),
]


async def test_faults_of_a_query_are_listed(door: OpenDoor) -> None:
    headers = await door.headers(key=None)
    for query, faults in BAD_QUERIES:
        async with door.http.get(f"{door.public}/v1/notes?{query}", headers=headers) as answer:
            said = await answer.json(content_type=None)
            assert answer.status == 400
            assert {(one["pointer"], one["code"]) for one in said["errors"]} == faults


async def test_a_good_query_is_read(door: OpenDoor) -> None:
    headers = await door.headers(key=None)
    url = f"{door.public}/v1/notes?limit=5&colour=red&colour=green&since=2026-01-01T00:00:00Z"
    async with door.http.get(url, headers=headers) as answer:
        assert await answer.json() == {"items": [], "next": None}


async def test_forms_are_read_and_their_faults_listed(door: OpenDoor) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with door.http.post(f"{door.public}/v1/login", data="user=a&seconds=5", headers=form) as answer:
        assert await answer.json() == {"user": "a", "seconds": 5}
    async with door.http.post(f"{door.public}/v1/login", data="seconds=x&y=1", headers=form) as answer:
        assert answer.status == 400


async def test_who_has_no_token_is_told_where_to_get_one(door: OpenDoor) -> None:
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}):
        async with door.http.get(f"{door.public}/v1/notes", headers=headers) as answer:
            said = await answer.json(content_type=None)
            assert (answer.status, said["code"]) == (401, "token_missing")
            assert answer.headers["WWW-Authenticate"] == 'Bearer, DPoP algs="EdDSA ES256 PS256"'
    async with door.http.get(f"{door.public}/v1/notes", headers={"Authorization": "Bearer x.y.z"}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_scopes_and_roles_are_checked(door: OpenDoor) -> None:
    async def burn(token: str) -> tuple[int, str | None]:
        url, headers = f"{door.operators}/admin/v1/notes", {"Authorization": f"Bearer {token}"}
        async with door.http.delete(url, headers=headers) as answer:
            said = await answer.json(content_type=None) if answer.status != 204 else {}
            return answer.status, said.get("code")

    assert await burn(await door.token_of_wallet()) == (403, "insufficient_scope")
    assert await burn(await door.token_of_operator("reviewer")) == (403, "insufficient_role")
    assert await burn(await door.token_of_operator("risk", "auditor")) == (204, None)


async def test_a_missing_or_odd_idempotency_key_is_a_problem(door: OpenDoor) -> None:
    headers = {**JSON, **await door.headers(key=None)}
    async with door.http.post(f"{door.public}/v1/notes", data=GOOD, headers=headers) as answer:
        assert (await answer.json(content_type=None))["code"] == "idempotency_key_missing"
    for key in ("a b", "x" * 129, "é"):
        status, said = await post(door, GOOD, **{"Idempotency-Key": key})
        assert (status, said["code"]) == (400, "idempotency_key_malformed")


async def test_a_defect_is_a_500_without_words_and_leaves_nothing(
    door: OpenDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = await post(door, with_title(b'"defect"'))
    assert (status, said["code"]) == (500, "internal_error")
    assert "canary" not in json.dumps(said)
    assert await notes(door) == 0


async def test_a_floors_error_is_a_problem_with_its_pointer(door: OpenDoor) -> None:
    _, said = await post(door, with_title(b'"taken"'))
    assert said["code"] == "title_taken"
    assert said["errors"] == [{"pointer": "/title", "code": "title_taken", "detail": said["detail"]}]


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00 hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW /v1/notes HTTP/1.1\r\nHost: x\r\n\r\n",
        BAD_CHUNK,
    ],
)
async def test_what_is_not_even_http_gets_a_problem_and_the_end(door: OpenDoor, raw: bytes) -> None:
    host, port = door.public.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"application/problem+json" in answer
    assert b'"code":"malformed_http"' in answer


async def test_a_request_id_is_kept_if_it_is_sane(door: OpenDoor) -> None:
    for given, kept in (("till-7:000123", True), ("a b", False), ("x" * 65, False)):
        async with door.http.get(f"{door.public}/health/live", headers={"X-Request-Id": given}) as answer:
            assert (answer.headers["X-Request-Id"] == given) is kept


async def test_metrics_are_for_operators_alone(door: OpenDoor) -> None:
    async with door.http.get(f"{door.public}/metrics") as answer:
        assert answer.status == 404
    async with door.http.get(f"{door.operators}/metrics") as answer:
        assert 'gateway_http_request_seconds_count{operation="unmatched"' in await answer.text()


async def test_the_type_of_a_problem_leads_to_what_its_code_means(door: OpenDoor) -> None:
    _, said = await post(door, b"{")
    async with door.http.get(door.public + said["type"]) as answer:
        docs = await answer.json()
        assert (docs["code"], docs["caller"]) == (said["code"], said["detail"])
    async with door.http.get(f"{door.public}/problems/nonsense") as answer:
        assert answer.status == 404

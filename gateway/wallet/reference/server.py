"""The reference core's HTTP server: the contract, and the sandbox's controls.

Run as `gateway reference-core`, or made by `make_app` inside a test, always on a real socket.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypeVar, assert_never

import msgspec
from aiohttp import web

from gateway.wallet.contract import MAX_BODY_BYTES, CoreProblem, TransferAnswer, TransferRequest
from gateway.wallet.core import WITH_PARENT
from gateway.wallet.reference.gate import Gate, Keys, NotAuthenticated
from gateway.wallet.reference.ledger import (
    FAILURES,
    ContentDiffers,
    Ledger,
    NotArrived,
    NotWritten,
    Submitted,
)
from gateway.wallet.reference.rows import read_cursor
from gateway.wallet.reference.sandbox import Manners, Wallet
from gateway.wallet.reference.schema import open_books

# Longer than any client keeps an idle connection, so that it is never us who close one as it is being used.
KEEPALIVE_TIMEOUT_S: Final = 120.0
SHUTDOWN_TIMEOUT_S: Final = 5.0
# Connections that the kernel keeps for us while we are busy.
BACKLOG: Final = 1024

NOT_FOUND: Final = 404
# As the contract has it.
_ID: Final = "[A-Za-z0-9_.:-]{1,128}"

StructT = TypeVar("StructT", bound=msgspec.Struct)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LEDGER = web.AppKey("ledger", Ledger)
_GATE = web.AppKey("gate", Gate)
_SUBMISSION: Final = msgspec.json.Decoder(TransferRequest)
_WALLET: Final = msgspec.json.Decoder(Wallet)
_ENCODER: Final = msgspec.json.Encoder()


class _Malformed(Exception):
    """The request is not what the contract describes."""


def make_app(database_url: str, *, gateway_jwks: Mapping[str, Any] | str) -> web.Application:
    """The core as an application.

    Args:
        database_url: the core's own database; made if it does not exist.
        gateway_jwks: the gateway's public keys: a JWK Set, or the file or URL to read it from.
    """

    async def books(app: web.Application) -> AsyncIterator[None]:
        pool = await open_books(database_url)
        app[_LEDGER] = Ledger(pool)
        app[_GATE] = Gate(Keys(gateway_jwks))
        yield
        await pool.close()

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_problems])
    app.cleanup_ctx.append(books)
    app.add_routes(
        [
            web.post("/transfers", submit),
            web.get("/transfers", listing, allow_head=False),
            web.get(f"/transfers/{{id:{_ID}}}", find, allow_head=False),
            web.post(f"/transfers/{{id:{_ID}}}/reverse", reverse),
            web.put(f"/sandbox/wallets/{{payer_id:{_ID}}}", set_wallet),
            web.get("/sandbox/ledger", books_of),
            web.get("/sandbox/external-accounts/{account_number:[0-9]{1,64}}", external_account),
            web.get("/health/ready", ready),
        ]
    )
    return app


async def submit(request: web.Request) -> web.StreamResponse:
    body = await _admitted(request)
    submission = _read(_SUBMISSION, body)
    if (submission.kind in WITH_PARENT) != (submission.parent is not None) or (
        (submission.kind == "release") == bool(submission.legs)
    ):
        raise _Malformed
    ledger = request.app[_LEDGER]
    outcome = await ledger.submit(submission)
    if isinstance(outcome, NotArrived):
        await asyncio.sleep(outcome.seconds)
        outcome = await ledger.submit(submission, arrived=True)
    assert isinstance(outcome, Submitted)
    return await _reply(request, outcome)


async def find(request: web.Request) -> web.StreamResponse:
    await _admitted(request)
    transfer_id = request.match_info["id"]
    answer = await request.app[_LEDGER].find(transfer_id)
    if answer is None:
        return _problem(NOT_FOUND, "transfer_not_found", "No transfer has this id.", transfer_id=transfer_id)
    return _json(answer)


async def reverse(request: web.Request) -> web.StreamResponse:
    await _admitted(request)
    return _json(await request.app[_LEDGER].reverse(request.match_info["id"]))


async def listing(request: web.Request) -> web.StreamResponse:
    await _admitted(request)
    try:
        since, until = (datetime.fromisoformat(request.query[name]) for name in ("from", "to"))
        since, after = read_cursor(request.query["cursor"]) if "cursor" in request.query else (since, 0)
    except (KeyError, ValueError) as error:
        raise _Malformed from error
    return _json(await request.app[_LEDGER].listing(since, until, after=after))


async def set_wallet(request: web.Request) -> web.StreamResponse:
    wallet = _read(_WALLET, await request.read())
    await request.app[_LEDGER].set_wallet(request.match_info["payer_id"], wallet)
    return _json(wallet)


async def books_of(request: web.Request) -> web.StreamResponse:
    return _json(await request.app[_LEDGER].books(request.query.get("account")))


async def external_account(request: web.Request) -> web.StreamResponse:
    return _json(await request.app[_LEDGER].external_account(request.match_info["account_number"]))


async def ready(request: web.Request) -> web.StreamResponse:
    await request.app[_LEDGER].find("ready")
    return web.json_response({"status": "ready"})


async def _admitted(request: web.Request) -> bytes:
    """The body of a request whose token covers it."""
    body = await request.read()
    await request.app[_GATE].admit(
        request.headers.get("Authorization", ""), method=request.method, path=request.raw_path, body=body
    )
    return body


async def _reply(request: web.Request, outcome: Submitted) -> web.StreamResponse:
    """The answer, as well as the payer's wallet lets it through: wrong once, when the transfer is decided."""
    if not outcome.fresh:
        return _json(outcome.answer)
    return await _spoilt(request, outcome.answer, outcome.manners)


async def _spoilt(request: web.Request, answer: TransferAnswer, manners: Manners) -> web.StreamResponse:
    match manners.behaviour:
        case "slow":
            await asyncio.sleep(manners.seconds)
        case "reply_lost":
            if request.transport is not None:
                request.transport.abort()
        case "error_500":
            return _problem(500, "failed", "The sandbox wallet is set to answer 500 after the debit.")
        case "error_404":
            return _problem(
                NOT_FOUND, "not_found", "The sandbox wallet is set to answer 404 after the debit."
            )
        case "html":
            return web.Response(
                text="<!doctype html><title>Gateway time-out</title>", content_type="text/html"
            )
        case (
            "normal"
            | "insufficient_funds"
            | "confirmation_required"
            | "late_arrival"
            | "late_success"
            | "reversal_refused"
        ):
            pass
        case never:
            assert_never(never)
    return _json(answer)


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except NotAuthenticated as error:
        return _problem(401, "not_authenticated", error.__doc__ or "")
    except ContentDiffers as error:
        return _problem(409, "content_differs", error.__doc__ or "")
    except _Malformed as error:
        return _problem(400, "malformed", error.__doc__ or "", detail=str(error.__cause__ or ""))
    except web.HTTPException as error:
        return _problem(error.status, "not_found" if error.status == NOT_FOUND else "malformed", error.reason)
    except (*FAILURES, NotWritten):
        return _problem(
            503, "failed", "The books cannot be reached; whether anything was written is not known."
        )


def _read(decoder: msgspec.json.Decoder[StructT], body: bytes) -> StructT:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Malformed from error


def _json(answer: Any) -> web.Response:
    return web.Response(body=_ENCODER.encode(answer), content_type="application/json")


def _problem(
    status: int, code: Any, title: str, *, detail: str = "", transfer_id: str | None = None
) -> web.Response:
    problem = CoreProblem(code=code, status=status, title=title, detail=detail, transfer_id=transfer_id)
    return web.Response(status=status, body=_ENCODER.encode(problem), content_type="application/problem+json")


@asynccontextmanager
async def serving(app: web.Application, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve on a real socket, port 0 being any free one; yields the URL. What has begun is finished at the end."""
    runner = web.AppRunner(
        app, access_log=None, keepalive_timeout=KEEPALIVE_TIMEOUT_S, shutdown_timeout=SHUTDOWN_TIMEOUT_S
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
        bound_host, bound_port = runner.addresses[0][:2]
        yield f"http://{bound_host}:{bound_port}"
    finally:
        await runner.cleanup()

"""A small real door: operations over a table of notes, real tokens, real sockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

import asyncpg
from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from msgspec import Meta, Struct, field

from gateway.door.bearer import Bearer
from gateway.door.dpop import Proofs
from gateway.door.endpoint import Desk
from gateway.door.errors import DoorError, NotFound
from gateway.door.health import Check
from gateway.door.idempotency import ClaimDesk
from gateway.door.listeners import Address, Door, listening
from gateway.door.operation import FORM, Answer, Call, Listener, Operation, operation
from gateway.door.rate_limit import Limiter, Limits
from gateway.wire.money import PositiveAmount
from gateway.wire.page import Page, PageQuery, next_id
from gateway.wire.time import Time
from merchants.access import sql as access_sql
from merchants.access.live import RecentlyLive
from merchants.access.tokens import Tokens
from merchants.ids import BANK, new_id
from merchants.keyring import Keyring
from merchants.sealing import Sealing
from tests.hired import a_wallet_backend, an_operator

ISSUER = "https://gateway.example"


class Street(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="street", tag_field="kind"):
    name: str
    number: Annotated[int, Meta(ge=1)]


class Online(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="online", tag_field="kind"):
    domain: Annotated[str, Meta(pattern="^[a-z0-9.]+$")]


class NewNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Annotated[str, Meta(min_length=1, max_length=40)]
    amount: PositiveAmount
    place: Street | Online | None = None
    labels: Annotated[dict[str, str], Meta(max_length=5)] = {}
    tags: Annotated[list[Annotated[str, Meta(pattern="^[a-z]+$")]], Meta(max_length=3)] = []
    due_at: Time | None = None
    colour: Literal["red", "green"] = "red"


class Note(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    secret: str | None = None


class NoteFilter(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Annotated[str, next_id("not")] | None = None
    colour: list[Literal["red", "green"]] = field(default_factory=list)
    since: Time | None = None


class Login(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user: str
    seconds: Annotated[int, Meta(ge=1)] = 60


class TitleTaken(DoorError):
    """A note has this title already; choose another."""

    pointer = "/title"


A_NOTE = NewNote(title="milk", amount=PositiveAmount(amount_minor=250, currency="CNY"))


def note_operations(pool: asyncpg.Pool) -> tuple[Operation, ...]:
    """Notes, kept in a table of the test's own."""
    return (*_writing(pool), *_reading(pool), *_without_notes(pool))


def _writing(pool: asyncpg.Pool) -> tuple[Operation, ...]:
    async def replay_note(call: Call[NewNote], resource_id: str) -> Answer:
        return Answer(201, await _note_of(pool, resource_id, call.claim.secret().decode()))

    @operation(
        "POST",
        "/v1/notes",
        summary="Write a note",
        scope="wallet",
        idempotent=True,
        replay=replay_note,
        answers={201: Note},
        problems=(TitleTaken,),
        example=A_NOTE,
        rotate="POST /v1/notes/{note_id}/rotate",
    )
    async def write_note(call: Call[NewNote]) -> Answer:
        note_id = new_id("not", BANK)
        async with call.claim.transaction() as conn:
            _refuse(call.body.title)
            await conn.execute("INSERT INTO public.notes VALUES ($1, $2)", note_id, call.body.title)
            call.claim.settle(note_id, secret=b"s3cret")
        return Answer(201, Note(id=note_id, title=call.body.title, secret="s3cret"))

    return (write_note,)


def _reading(pool: asyncpg.Pool) -> tuple[Operation, ...]:
    @operation("GET", "/v1/notes", summary="List", scope="wallet", answers={200: Page[Note]})
    async def list_notes(call: Call[None, NoteFilter]) -> Answer:
        rows = await pool.fetch("SELECT id, title FROM public.notes LIMIT $1", call.query.limit)
        return Answer(200, Page(items=[Note(**row) for row in rows], next=None))

    @operation(
        "GET",
        "/v1/notes/{note_id}",
        summary="One",
        scope="wallet",
        answers={200: Note},
        problems=(NotFound,),
    )
    async def get_note(call: Call[None]) -> Answer:
        return Answer(200, await _note_of(pool, call.path["note_id"]))

    return (list_notes, get_note)


def _without_notes(pool: asyncpg.Pool) -> tuple[Operation, ...]:
    @operation("POST", "/v1/login", summary="A form", consumes=FORM, answers={200: Login})
    async def login(call: Call[Login]) -> Answer:
        return Answer(200, call.body)

    @operation(
        "DELETE",
        "/admin/v1/notes",
        summary="Burn them",
        scope="operate",
        roles=("risk",),
        listener=Listener.OPERATORS,
        answers={204: None},
    )
    async def burn_notes(_call: Call[None]) -> Answer:
        await pool.execute("DELETE FROM public.notes")
        return Answer(204)

    return (login, burn_notes)


async def _note_of(pool: asyncpg.Pool, note_id: str, secret: str | None = None) -> Note:
    title = await pool.fetchval("SELECT title FROM public.notes WHERE id = $1", note_id)
    if title is None:
        raise NotFound
    return Note(id=note_id, title=title, secret=secret)


def _refuse(title: str) -> None:
    if title == "taken":
        raise TitleTaken
    if title == "defect":
        raise KeyError("canary")


@dataclass(frozen=True, kw_only=True)
class OpenDoor:
    """A door that listens, with somebody who may come in."""

    door: Door
    pool: asyncpg.Pool
    http: ClientSession
    public: str
    operators: str
    tokens: Tokens

    async def headers(self, issuer: str = "bank", key: str | None = "key-1") -> dict[str, str]:
        """A wallet's token for one issuer, and an idempotency key."""
        token = await self.token_of_wallet(issuer)
        return {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}

    async def token_of_wallet(self, issuer: str = "bank") -> str:
        async with self.pool.acquire() as conn, conn.transaction():
            made = await a_wallet_backend(conn, issuer, a_jwk())
        return await self._token(made)

    async def token_of_operator(self, *roles: str) -> str:
        async with self.pool.acquire() as conn, conn.transaction():
            made = await an_operator(conn, frozenset(roles), a_jwk())
        return await self._token(made)

    async def _token(self, made: Any) -> str:
        async with self.pool.acquire() as conn:
            client = await access_sql.client(conn, made.client_id)
        assert client is not None
        return self.tokens.issue(client, key_id=made.key_id, scopes=client.scopes, now=datetime.now(UTC))


def a_jwk() -> dict[str, Any]:
    return OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key(), as_dict=True)


@asynccontextmanager
async def open_door(
    pool: asyncpg.Pool, *, checks: Mapping[str, Check] | None = None, secret_shown_s: float = 600.0
) -> AsyncIterator[OpenDoor]:
    """Notes behind both listeners, on free ports."""
    await pool.execute("CREATE TABLE public.notes (id text, title text)")
    sealing = Sealing(bytes(32))
    tokens = Tokens(await Keyring.open(pool, sealing), issuer=ISSUER, environment="sandbox")
    desk = Desk(
        parts=cast("Any", None),  # notes need none
        bearer=Bearer(tokens, RecentlyLive(pool), Proofs(pool, sealing), Limiter(Limits())),
        claims=ClaimDesk(pool=pool, sealing=sealing, secret_shown_s=secret_shown_s),
    )
    door = Door(note_operations(pool), desk, checks=checks)
    free = {one: Address("127.0.0.1", 0) for one in (Listener.PUBLIC, Listener.OPERATORS)}
    try:
        async with listening(door, free, stop_within_s=5.0) as bound, ClientSession() as http:
            yield OpenDoor(
                door=door,
                pool=pool,
                http=http,
                public=f"http://127.0.0.1:{bound[Listener.PUBLIC].port}",
                operators=f"http://127.0.0.1:{bound[Listener.OPERATORS].port}",
                tokens=tokens,
            )
    finally:
        await pool.execute("DROP TABLE public.notes")

"""A replica, wired by hand, once: what holds what, and in which order it starts and stops."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import msgspec

from gateway import work
from gateway.api.table import OPERATIONS
from gateway.checkout import ending
from gateway.door.bearer import Bearer
from gateway.door.counter import Counter
from gateway.door.dpop import Proofs
from gateway.door.endpoint import Desk
from gateway.door.idempotency import ClaimDesk
from gateway.door.listeners import Door
from gateway.door.rate_limit import Limiter, Limits
from gateway.door.replicas import BEAT_S, Replicas
from gateway.door.waiting_room import WaitingRoom
from gateway.identity.provider import Provider
from gateway.identity.sign_in import SignIns, roles_of
from gateway.jobs import jobs_of
from gateway.pages.assets import Assets
from gateway.pages.frame import Frame
from gateway.pages.live import Streams
from gateway.pages.site import Site
from gateway.pages.table import pages_of
from gateway.partners import verify_account
from gateway.parts import Parts
from gateway.payments.limits import DailyLimits, StepUp
from gateway.payments.monitoring import Monitor
from gateway.payments.needs import Needs
from gateway.payments.till_refunds import TillRefunds
from gateway.payments.velocity_rules import Rules
from gateway.settings import Settings
from gateway.storage.hub import Hub
from gateway.storage.pool import open_pool
from gateway.transfers import doubts
from gateway.transfers.resolve import Patience
from gateway.wallet.rest import RestCore
from gateway.wallet.routing import Cores
from gateway.work import Job
from merchants.access import clients
from merchants.access.live import RecentlyLive
from merchants.access.tokens import Tokens
from merchants.keyring import Keyring, Purpose
from merchants.offers.catalog import Catalog
from merchants.onboarding import policy
from merchants.sealing import Sealing
from qr.logo import read_logo
from qr.order_code import OrderCodeScheme
from qr.payment_code import PaymentCodeScheme
from webhooks.address_guard import AddressPolicy

# Drawing a code takes milliseconds of processor; two at a time keep the event loop's core free.
_RENDERERS = 2
# A desk, a phone and some reloads whose old connection is not known to be dead yet.
_PAGES_OF_ONE_ORDER = 10
# Well within the lead that a new key is given before it signs.
_KEYS_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One process: its parts, its door, and what a worker would do with them."""

    parts: Parts
    door: Door
    jobs: tuple[Job, ...]


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Replica]:
    """Everything connected and ready; leaving closes it in the opposite order.

    Raises:
        DatabaseUnreachable: the database did not answer in the start-up time.
    """
    async with AsyncExitStack() as stack:
        pool = await open_pool(
            settings.database_url,
            size=settings.database_pool_size,
            statement_timeout_s=settings.database_statement_timeout_s,
            statement_cache_size=settings.database_statement_cache,
        )
        stack.push_async_callback(pool.close)
        hub = Hub(settings.direct_url)
        await hub.start()
        stack.push_async_callback(hub.stop)
        sealing = Sealing(settings.secret(), retired=settings.other_secrets())
        keyring = await Keyring.open(pool, sealing)
        await _let_the_first_operator_in(pool, settings)
        cores = await _cores(stack, settings, keyring, pool=pool, sealing=sealing)
        renderers = stack.enter_context(ThreadPoolExecutor(_RENDERERS, thread_name_prefix="render"))
        parts = _parts(
            settings,
            pool=pool,
            hub=hub,
            sealing=sealing,
            keyring=keyring,
            cores=cores,
            renderers=renderers,
            sign_ins=await _sign_ins(stack, settings, sealing),
        )
        stack.push_async_callback(parts.payments.running.finish, settings.stop_within_s)
        limiter = Limiter(Limits.read(settings.rate_limits))
        room = WaitingRoom(seats=settings.long_polls, seats_of_one=settings.long_polls_per_caller)
        door = _door(settings, parts, limiter, room)
        hub.watch(lambda _one: None, lost=parts.catalog.forget_all)
        jobs = await jobs_of(stack, settings, parts)
        beat = Replicas(pool, limiter).beat
        await stack.enter_async_context(
            _meanwhile(
                Job(name="refresh_keys", run_once=keyring.refresh, every_s=_KEYS_EVERY_S),
                Job(name="count_replicas", run_once=beat, every_s=BEAT_S),
            )
        )
        yield Replica(parts=parts, door=door, jobs=jobs)


def _parts(
    settings: Settings,
    *,
    pool: asyncpg.Pool,
    hub: Hub,
    sealing: Sealing,
    keyring: Keyring,
    cores: Cores,
    renderers: Executor,
    sign_ins: SignIns | None,
) -> Parts:
    environment = settings.gateway_env
    catalog = Catalog()
    payment_codes, order_codes = _code_schemes(settings, sealing)
    needs = Needs(
        pool=pool,
        hub=hub,
        cores=cores,
        catalog=catalog,
        keyring=keyring,
        payment_codes=payment_codes,
        order_codes=order_codes,
        limits=DailyLimits.read(settings.daily_limits),
        step_up=StepUp.read(settings.step_up_above),
        velocity=Rules.read(settings.velocity_rules),
        till_refunds=TillRefunds.read(settings.till_refund_limits),
        patience=_patience(settings),
        confirm_within_s=settings.confirm_within_s,
        authorization_life_s=settings.authorization_life_s,
        follow_checkouts=ending.follow,
    )
    return Parts(
        environment=environment,
        public_url=settings.public_url,
        pool=pool,
        hub=hub,
        sealing=sealing,
        keyring=keyring,
        tokens=_tokens(settings, keyring),
        cores=cores,
        catalog=catalog,
        payment_codes=payment_codes,
        order_codes=order_codes,
        onboarding=policy.read(
            partner=settings.onboarding_steps,
            sub_merchant=settings.sub_merchant_steps,
            agreement_file=settings.agreement_file,
        ),
        address_policy=_address_policy(settings),
        payments=needs,
        monitor=Monitor(pool),
        renderers=renderers,
        caption_font=settings.qr_caption_font or None,
        wallet_name=settings.wallet_name,
        wallet_app_link=settings.wallet_app_link,
        logo=read_logo(Path(settings.qr_logo).read_bytes()) if settings.qr_logo else None,
        sign_ins=sign_ins,
        max_wait_s=settings.max_wait_s,
    )


def _patience(settings: Settings) -> Patience:
    return Patience(
        query_after_s=settings.query_after_s,
        query_every_s=settings.query_every_s,
        resend_until_s=settings.resend_until_s,
        reverse_after_s=settings.reverse_after_s,
        lease_s=settings.transfer_lease_s,
    )


def _code_schemes(settings: Settings, sealing: Sealing) -> tuple[PaymentCodeScheme, OrderCodeScheme]:
    """How codes look here, and how those of the other environment do."""
    payment_codes = PaymentCodeScheme(
        environment=settings.gateway_env,
        prefix=settings.payment_code_prefix,
        sealing=sealing,
        life_s=settings.payment_code_life_s,
        credential_life_s=settings.code_credential_life_s,
        other_prefix=settings.other_environment_prefix or None,
    )
    order_codes = OrderCodeScheme(
        environment=settings.gateway_env,
        gui=settings.qr_gui,
        link_base=settings.link_base,
        other_gui=settings.other_environment_gui or None,
        other_link_base=settings.other_link_base,
    )
    return payment_codes, order_codes


def _tokens(settings: Settings, keyring: Keyring) -> Tokens:
    return Tokens(
        keyring,
        issuer=settings.public_url,
        environment=settings.gateway_env,
        bind_money=settings.dpop_required,
        operators_url=settings.operators_url,
        operator_keys=settings.gateway_env == "sandbox",
    )


async def _sign_ins(stack: AsyncExitStack, settings: Settings, sealing: Sealing) -> SignIns | None:
    if not settings.oidc_issuer:
        return None
    provider = await stack.enter_async_context(
        Provider.open(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            redirect_uri=settings.oidc_redirect_uri or f"{settings.operators_url}/sign-in",
        )
    )
    roles = roles_of(settings.oidc_roles)
    return SignIns(provider, sealing, roles=roles, groups_claim=settings.oidc_groups_claim)


def _address_policy(settings: Settings) -> AddressPolicy:
    ports, sandbox = settings.ports_of_webhooks, settings.gateway_env == "sandbox"
    return AddressPolicy(ports=ports, plain_http=sandbox, loopback=settings.webhook_loopback)


def _door(settings: Settings, parts: Parts, limiter: Limiter, room: WaitingRoom) -> Door:
    shoppers = WaitingRoom(seats=settings.checkout_pages, seats_of_one=_PAGES_OF_ONE_ORDER)
    recently_live = RecentlyLive(parts.pool)
    parts.hub.watch(lambda _one: None, lost=recently_live.forget)
    desk = Desk(
        parts=parts,
        bearer=Bearer(
            parts.tokens,
            recently_live,
            Proofs(parts.pool, parts.sealing),
            limiter,
            trusted_hops=settings.hops,
        ),
        claims=ClaimDesk(pool=parts.pool, sealing=parts.sealing),
        room=room,
    )
    stopping = asyncio.Event()
    site = Site(
        parts=parts,
        counter=Counter(desk),
        frame=Frame(Assets(), environment=parts.environment),
        streams=Streams(parts.hub, room, stopping),
        open_streams=Streams(parts.hub, shoppers, stopping),
    )
    return Door(
        OPERATIONS,
        desk,
        pages=pages_of(site),
        stopping=stopping,
        checks={"database": lambda: parts.pool.fetchval("SELECT 1")},
        measures=(lambda: doubts.measure(parts.pool),),
        type_base=parts.public_url + "/problems/",
    )


@asynccontextmanager
async def _meanwhile(*jobs: Job) -> AsyncIterator[None]:
    """What every replica does: one that never read the keys again would sign with a key long expired."""
    stopping = asyncio.Event()
    running = asyncio.create_task(work.run(jobs, stopping))
    try:
        yield
    finally:
        stopping.set()
        await running


async def _cores(
    stack: AsyncExitStack, settings: Settings, keyring: Keyring, *, pool: asyncpg.Pool, sealing: Sealing
) -> Cores:
    """One connection pool for each issuer's core."""
    cores = {}
    for issuer, url in settings.cores.items():
        core = RestCore(
            name=issuer,
            url=url,
            signer=lambda: keyring.signer(Purpose.CORE),
            timeout_s=settings.wallet_core_timeout_s,
            beneficiary_of=lambda one: verify_account.beneficiary_of(pool, sealing, one),
        )
        cores[issuer] = await stack.enter_async_context(core)
    return Cores(cores)


async def _let_the_first_operator_in(pool: asyncpg.Pool, settings: Settings) -> None:
    if settings.bootstrap_operator_jwk:
        jwk = msgspec.json.decode(settings.bootstrap_operator_jwk)
        async with pool.acquire() as conn, conn.transaction():
            await clients.ensure_bootstrap_operator(conn, jwk)

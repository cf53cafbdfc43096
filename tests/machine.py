"""Anything a shop, a payer and a core may do, in any order: a state machine over the API, with a real core behind it.

After every step the core's entries sum to zero and both refund counters hold. At the end, once all doubt is over,
every payer has exactly what the payments say, budgets and payers' days hold exactly what was charged, and gateway and
core agree transfer by transfer.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from gateway.transfers.reconcile import reconcile
from merchants.offers.offer import SHANGHAI, Budgets
from merchants.payer import PayerFacts
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.town import Answered, Supermarket, Town, a_wallet, cny

ResultT = TypeVar("ResultT")

_BALANCE_MINOR: Final = 30_000
_ENDED_WITHIN_S: Final = 20.0
# Behaviour and its seconds: short enough to be decided in time, or long enough to be given up.
_BEHAVIOURS: Final = (
    *([("normal", 0.0)] * 4),
    ("insufficient_funds", 0.0),
    ("confirmation_required", 0.0),
    ("slow", 0.2),
    ("late_success", 0.3),
    ("late_arrival", 1.0),
    ("reply_lost", 0.0),
    ("error_500", 0.0),
    ("html", 0.0),
    ("reversal_refused", 0.0),
)
_CHARGED: Final = frozenset({"succeeded", "authorized"})

amounts = st.integers(min_value=1, max_value=15_000)
parts = st.integers(min_value=1, max_value=1_000)
behaviours = st.sampled_from(_BEHAVIOURS)


class Stage:
    """A town on an event loop of its own thread, which runs on while hypothesis thinks."""

    def __init__(self, loop: asyncio.AbstractEventLoop, town: Town) -> None:
        self._loop = loop
        self.town = town

    def do(self, deed: Coroutine[Any, Any, ResultT]) -> ResultT:
        return asyncio.run_coroutine_threadsafe(deed, self._loop).result(timeout=60)


@contextmanager
def a_stage(opened: Callable[[], AbstractAsyncContextManager[Town]]) -> Iterator[Stage]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="town")
    thread.start()
    town = opened()
    try:
        yield Stage(loop, asyncio.run_coroutine_threadsafe(town.__aenter__(), loop).result(timeout=60))
    finally:
        asyncio.run_coroutine_threadsafe(town.__aexit__(None, None, None), loop).result(timeout=60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(slots=True, kw_only=True)
class Asked:
    """A payment the machine knows of, and who may pay it."""

    id: str
    qr_payload: str | None = None
    payers: list[PayerFacts] = field(default_factory=list)
    refunds: int = 0


class Shopping(RuleBasedStateMachine):
    """One shop with an offer, its customers, and all they may do to each other's payments."""

    payments = Bundle("payments")
    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.town = self.stage.town
        self.known: list[Asked] = []
        self.shop: Supermarket = self.stage.do(self._open_shop())

    async def _open_shop(self) -> Supermarket:
        # Everybody signs in anew: a long run outlives a token.
        town = self.stage.town
        self.town = replace(town, wallet=await a_wallet(town.replica, town.http, town.public))
        shop = await self.town.supermarket()
        async with self.town.pool.acquire() as conn, conn.transaction():
            deal = a_deal(budgets=Budgets(total_minor=1_000_000, daily_minor=900_000, refund_returns=True))
            await agreed(conn, shop.merchant.partner_id, deal)
        return shop

    @rule(
        target=payments,
        amount=amounts,
        behaviour=behaviours,
        capture=st.sampled_from(["automatic", "automatic", "manual"]),
        wait_s=st.sampled_from([0, 1]),
        give_up=st.booleans(),
    )
    def scan_a_customer(
        self, amount: int, behaviour: tuple[str, float], capture: str, wait_s: int, *, give_up: bool
    ) -> Any:
        more: dict[str, Any] = {"give_up_after_s": 1} if give_up else {}
        payer = self.stage.do(self.town.payer(_BALANCE_MINOR, behaviour=behaviour[0], seconds=behaviour[1]))
        code = self.stage.do(self.town.code(payer))
        asked = self.stage.do(self.shop.ask(amount, code=code, capture=capture, wait_s=wait_s, **more))
        assert asked.status in {201, 202}, asked.body
        return self._know(asked, payer)

    @rule(target=payments, amount=amounts, capture=st.sampled_from(["automatic", "manual"]))
    def show_a_code(self, amount: int, capture: str) -> Any:
        return self._know(self.stage.do(self.shop.ask(amount, capture=capture)))

    @rule(payment=payments, behaviour=behaviours, says=st.sampled_from(["confirm", "confirm", "decline"]))
    def scan_the_shop(self, payment: Asked, behaviour: tuple[str, float], says: str) -> None:
        if payment.qr_payload is None:
            return
        payer = self.stage.do(self.town.payer(_BALANCE_MINOR, behaviour=behaviour[0], seconds=behaviour[1]))
        payment.payers.append(payer)
        who = {"id": payer.id, "person_id": payer.person_id}
        seen = self._wallet("/wallet/v1/scans", {"code": payment.qr_payload, "payer": who})
        if seen.status != 200:
            assert seen.status == 409, seen.body
            return
        body = {"scan_id": seen.body["id"]}
        if says == "confirm":
            body |= {"payable": seen.body["payable"], "quote": seen.body["quote"], "wait_s": 0}
        self._allowed(self._wallet(f"/wallet/v1/payments/{payment.id}/{says}", body), {200, 202, 204, 409})

    @rule(payment=payments, says=st.sampled_from(["confirm", "confirm", "decline"]))
    def answer_the_core(self, payment: Asked, says: str) -> None:
        body = {} if says == "decline" else {"payable": self._read(payment)["paid"], "wait_s": 0}
        self._allowed(
            self._wallet(f"/wallet/v1/payments/{payment.id}/{says}", body), {200, 202, 204, 404, 409}
        )

    @rule(payment=payments, wait_s=st.sampled_from([0, 1]))
    def cancel(self, payment: Asked, wait_s: int) -> None:
        self._allowed(self._till(payment, "cancel", {"wait_s": wait_s}), {200, 202, 409})

    @rule(payment=payments, part=parts, wait_s=st.sampled_from([0, 1]))
    def capture(self, payment: Asked, part: int, wait_s: int) -> None:
        amount = max(1, self._read(payment)["order"]["amount_minor"] * part // 1_000)
        body = {"amount": cny(amount), "wait_s": wait_s}
        self._allowed(self._till(payment, "capture", body), {200, 202, 409, 422})

    @rule(payment=payments, part=parts, wait_s=st.sampled_from([0, 1]))
    def refund(self, payment: Asked, part: int, wait_s: int) -> None:
        payment.refunds += 1
        amount = max(1, self._read(payment)["order"]["amount_minor"] * part // 1_000)
        body = {"merchant_refund_no": f"R-{payment.refunds}", "amount": cny(amount), "wait_s": wait_s}
        path = f"/v1/payments/{payment.id}/refunds"
        self._allowed(self.stage.do(self.shop.office.post(path, body)), {201, 202, 409, 422})

    @rule(payment=payments, part=parts)
    def do_it_all_at_once(self, payment: Asked, part: int) -> None:
        """Capture, cancel and refund meet in one moment."""

        async def all_at_once() -> tuple[Answered, ...]:
            refund = {"merchant_refund_no": "R-0", "amount": cny(part), "wait_s": 0}
            path = f"/v1/payments/{payment.id}"
            return await asyncio.gather(
                self.shop.office.post(f"{path}/capture", {"amount": cny(part), "wait_s": 0}),
                self.shop.office.post(f"{path}/refunds", refund),
                self.shop.office.post(f"{path}/cancel", {"wait_s": 0}),
            )

        for answered in self.stage.do(all_at_once()):
            self._allowed(answered, {200, 201, 202, 409, 422})

    @rule(payment=payments)
    def wait(self, payment: Asked) -> None:
        self._read(payment, wait_s=1)

    @invariant()
    def the_books_are_whole(self) -> None:
        self.stage.do(self.town.ledger())
        for row in self.stage.do(self._counters()):
            assert 0 <= row["refunded_order_minor"] <= row["order_minor"], dict(row)
            assert 0 <= row["refunded_paid_minor"] <= row["order_minor"] - row["discount_minor"], dict(row)
            assert row["refunded_order_minor"] == row["claimed_order_minor"], dict(row)
            assert row["refunded_paid_minor"] == row["claimed_paid_minor"], dict(row)

    def teardown(self) -> None:
        self.stage.do(self._reckon())

    def _know(self, asked: Answered, *payers: PayerFacts) -> Any:
        if asked.status not in {201, 202}:
            return multiple()
        payload = asked.body["next_action"].get("qr_payload")
        known = Asked(id=asked.body["id"], qr_payload=payload, payers=list(payers))
        self.known.append(known)
        return known

    def _read(self, payment: Asked, *, wait_s: int = 0) -> Any:
        return self.stage.do(self.shop.till.get(f"/v1/payments/{payment.id}?wait_s={wait_s}")).body

    def _till(self, payment: Asked, deed: str, body: Any) -> Answered:
        return self.stage.do(self.shop.till.post(f"/v1/payments/{payment.id}/{deed}", body))

    def _wallet(self, path: str, body: Any) -> Answered:
        return self.stage.do(self.town.wallet.post(path, body))

    def _allowed(self, answered: Answered, statuses: set[int]) -> None:
        assert answered.status in statuses, (answered.status, answered.body)

    async def _counters(self) -> list[Any]:
        return await self.town.pool.fetch(
            """
            SELECT p.*, COALESCE(sum(r.order_minor), 0) AS claimed_order_minor,
                   COALESCE(sum(r.paid_minor), 0) AS claimed_paid_minor
              FROM gateway.payments p
              LEFT JOIN gateway.refunds r ON r.partner_id = p.partner_id AND r.payment_id = p.id AND r.state <> 'failed'
             WHERE p.partner_id = $1 GROUP BY p.partner_id, p.id
            """,
            self.shop.merchant.partner_id,
        )

    async def _reckon(self) -> None:
        """Once nothing is open any more: whose money is where, on both sides."""
        ended = [await self._ended(one) for one in self.known]
        await self._compare_wallets(ended)
        await self._compare_bounds(ended)
        report = await reconcile(self.town.pool, self.town.replica.parts.cores, datetime.now(SHANGHAI).date())
        assert not report.differences, report.differences

    async def _ended(self, payment: Asked) -> Any:
        """The payment once it and its refunds are decided, or wait for somebody's word."""
        wait_s = 0
        async with asyncio.timeout(_ENDED_WITHIN_S):
            while True:
                read = (await self.shop.till.get(f"/v1/payments/{payment.id}?wait_s={wait_s}")).body
                refunds = (await self.shop.office.get(f"/v1/payments/{payment.id}/refunds")).body["items"]
                waits = read["next_action"]["type"] == "wait" or any(
                    one["state"] == "processing" and _moves(one) for one in refunds
                )
                if not waits:
                    return {**read, "refunds": refunds}
                wait_s = 1

    async def _compare_wallets(self, ended: list[Any]) -> None:
        charged: dict[str, int] = {}
        for payment in ended:
            payer_id = await self.town.pool.fetchval(
                "SELECT payer_id FROM gateway.payments WHERE partner_id = $1 AND id = $2",
                self.shop.merchant.partner_id, payment["id"],
            )  # fmt: skip
            if payment["state"] in _CHARGED:
                back = sum(
                    one["shares"]["to_payer"]["amount_minor"]
                    for one in payment["refunds"]
                    if one["state"] == "succeeded"
                )
                charged[payer_id] = payment["paid"]["amount_minor"] - back
        for payer in (payer for one in self.known for payer in one.payers):
            balance = await self.town.balance(f"payer:{payer.id}")
            assert balance == _BALANCE_MINOR - charged.get(payer.id, 0), (payer.id, ended)

    async def _compare_bounds(self, ended: list[Any]) -> None:
        """Budgets hold the discounts of what is charged or may be, less what refunds gave back."""
        partner_id = self.shop.merchant.partner_id
        rows = await self.town.pool.fetch(
            "SELECT scope, taken_minor FROM merchants.offer_counters WHERE partner_id = $1", partner_id
        )
        wanted = 0
        for payment in ended:
            if payment["state"] in _CHARGED or payment["state"] == "requires_confirmation":
                wanted += payment["discount"]["amount_minor"] - _given_back(payment, "to_funders")
        assert {row["taken_minor"] for row in rows} <= {wanted}, (rows, ended)
        days = await self.town.pool.fetch(
            """
            SELECT sum(taken_minor)::bigint AS taken FROM gateway.payer_days WHERE payer_id = ANY($1::text[])
            """,
            [payer.id for one in self.known for payer in one.payers],
        )
        paid = sum(
            payment["paid"]["amount_minor"]
            for payment in ended
            if payment["state"] in _CHARGED or payment["state"] == "requires_confirmation"
        )
        assert (days[0]["taken"] or 0) == paid, ended


def _given_back(payment: Any, whom: str) -> int:
    done = (one for one in payment["refunds"] if one["state"] == "succeeded")
    return sum(one["shares"][whom]["amount_minor"] for one in done)


def _moves(refund: Any) -> bool:
    """One whose merchant is short of balance waits for the next takings."""
    return (refund["reason"] or {}).get("code") != "merchant_balance_insufficient"


def run(stage: Stage, *, examples: int, steps: int, derandomize: bool) -> None:
    """Play so many scenes of so many steps; a fault is shown by the shortest scene that has it."""
    machine = type("Shopping", (Shopping,), {"stage": stage})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=derandomize,
            suppress_health_check=list(HealthCheck),
        ),
    )

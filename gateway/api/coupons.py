"""Coupons and other benefits, for the wallet's backend: claim one, and see what a payer has."""

from gateway.api.vouched import DEED_PROBLEMS, EXAMPLE, issuer_of, payer_of
from gateway.door.operation import Answer, Call, operation
from gateway.payments import coupon_claims, credits_sql
from gateway.payments.credit import Credit
from gateway.wallet import errors as wallet
from gateway.wire import coupons as wire
from gateway.wire.money import Given
from merchants.offers import coupons
from merchants.offers.coupons import Coupon
from merchants.offers.errors import CouponNotOffered, CouponsHandedOut, PointsShort
from merchants.payer import PayerFacts

# What one answer tells of what was earned.
_LATEST = 50


async def replay_claim(call: Call[wire.CouponClaim], coupon_id: str) -> Answer:
    """The coupon as it is now."""
    async with call.parts.pool.acquire() as conn:
        coupon = await coupons.find_of_issuer(conn, issuer=issuer_of(call), coupon_id=coupon_id)
    return _answer(coupon)


@operation(
    "POST",
    "/wallet/v1/coupons",
    summary="Claim a coupon for a payer",
    scope="wallet",
    idempotent=True,
    replay=replay_claim,
    answers={201: wire.Coupon, 202: wire.Coupon},
    problems=(
        *DEED_PROBLEMS,
        CouponNotOffered,
        CouponsHandedOut,
        PointsShort,
        wallet.WalletCoreUnavailable,
        wallet.IssuerNotServed,
    ),
    example=wire.CouponClaim(
        offer_id="ofr_0193a2b4c5d67e8f9a0b1c2d00000007",
        payer=EXAMPLE,
    ),
)
async def claim_coupon(call: Call[wire.CouponClaim]) -> Answer:
    """One that costs points redeems them: 202 while the core has not taken them yet."""
    needs = call.parts.payments
    async with call.claim.transaction() as conn:
        payer = await payer_of(call, conn, "coupon", of=call.body.offer_id)
        coupon, instruction = await coupon_claims.claim(
            needs, conn, offer_id=call.body.offer_id, payer=payer, now=call.now
        )
        call.claim.settle(coupon.id)
    if instruction is not None:
        settled = await needs.running.start(coupon_claims.submit_and_conclude(needs, instruction))
        coupon = settled or coupon
    return _answer(coupon)


@operation(
    "GET",
    "/wallet/v1/benefits",
    summary="See what a payer has: coupons, points, cashback",
    scope="wallet",
    answers={200: wire.Benefits},
)
async def read_benefits(call: Call[None, wire.BenefitsQuery]) -> Answer:
    """Coupons are the person's, whichever account claimed them; points and cashback are the account's."""
    issuer = issuer_of(call)
    payer = PayerFacts(id=call.query.payer_id, person_id=call.query.person_id, issuer=issuer)
    async with call.parts.pool.acquire() as conn:
        held = await coupons.of_payer(conn, payer)
        balances = await credits_sql.balances(conn, issuer=issuer, payer_id=payer.id)
        earned = await credits_sql.of_payer(conn, issuer=issuer, payer_id=payer.id, limit=_LATEST)
    body = wire.Benefits(
        coupons=[_shown(one) for one in held],
        points=[wire.PointsBalance(programme=row["unit"], points=row["points"]) for row in balances],
        earned=[_earned(one) for one in earned],
    )
    return Answer(200, body)


def _answer(coupon: Coupon) -> Answer:
    return Answer(202 if coupon.state == "awaits_points" else 201, _shown(coupon))


def _shown(coupon: Coupon) -> wire.Coupon:
    cost = None
    if coupon.points is not None and coupon.unit is not None:
        cost = Given(amount_minor=coupon.points, currency=coupon.unit)
    return wire.Coupon(
        id=coupon.id,
        offer_id=coupon.offer_id,
        name=coupon.name,
        state=coupon.state,  # type: ignore[arg-type] # the column's check says it is one of them
        payment_id=coupon.payment_id,
        cost=cost,
        good_until=coupon.good_until,
        created_at=coupon.created_at,
    )


def _earned(credit: Credit) -> wire.EarnedBenefit:
    return wire.EarnedBenefit(
        payment_id=credit.payment_id,
        offer_id=credit.offer_id,
        benefit="cashback" if credit.form.value == "cashback" else "points",
        state="given" if credit.given else "owed",
        amount=Given(amount_minor=credit.amount, currency=credit.unit),
        taken_back=Given(amount_minor=sum(credit.taken), currency=credit.unit),
    )

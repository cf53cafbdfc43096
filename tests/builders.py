"""Builders: a valid thing of each kind, of which a test names only what its sentence is about."""

from datetime import date
from typing import Any

from merchants.offers.cart import Cart
from merchants.offers.funding import Funding, Share
from merchants.offers.offer import Budgets, Deal, Offer, Target
from merchants.offers.terms import ThresholdOff, Tier
from merchants.payer import PayerFacts


def a_deal(**changes: Any) -> Deal:
    """20 off every 100, all year, 60 % by the bank and 40 % by the partner."""
    facts: dict[str, Any] = {
        "name": "满100减20",
        "currency": "CNY",
        "terms": ThresholdOff(tiers=(Tier(threshold_minor=10_000, off_minor=2_000),), repeating=True),
        "target": Target(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31)),
        "budgets": Budgets(total_minor=100_000_000),
        "funding": Funding(
            shares=(Share(funder="bank", basis_points=6_000), Share(funder="partner", basis_points=4_000)),
            rounding="bank",
        ),
    }
    return Deal(**{**facts, **changes})


def an_offer(**changes: Any) -> Offer:
    facts: dict[str, Any] = {"id": "ofr_1", "partner_id": "mer_1", "version": 1}
    return Offer(**{**facts, "deal": changes.pop("deal", None) or a_deal(), **changes})


def a_cart(**changes: Any) -> Cart:
    facts: dict[str, Any] = {
        "partner_id": "mer_1",
        "merchant_id": "mer_1",
        "store_id": "sto_1",
        "order_minor": 12_800,
        "currency": "CNY",
        "code_kind": "payment_code",
    }
    return Cart(**{**facts, **changes})


def a_payer(**changes: Any) -> PayerFacts:
    facts: dict[str, Any] = {"id": "payer-1", "person_id": "person-1", "issuer": "bank"}
    return PayerFacts(**{**facts, **changes})

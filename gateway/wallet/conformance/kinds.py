"""Promises about the kinds of transfers beyond the plain debit."""

from gateway.wallet.conformance.subject import AMOUNT_MINOR, Subject, expect
from gateway.wallet.core import BANK_FEES, BANK_OFFERS, Approved, Declined, Leg


async def refunds_stay_within(subject: Subject) -> None:
    """Refunds add up to the payment and no further."""
    # So that it is not the merchant's empty account that refuses.
    other = await subject.debited()
    debit = await subject.debited()
    part = AMOUNT_MINOR * 3 // 5
    first = subject.transfer("refund", subject.gets_back(part), parent=debit)
    over = subject.transfer("refund", subject.gets_back(AMOUNT_MINOR - part + 1), parent=debit)
    rest = subject.transfer("refund", subject.gets_back(AMOUNT_MINOR - part), parent=debit)
    expect(Approved, await subject.send(first), "the first refund")
    expect(Declined, await subject.send(over), "a refund above what is left")
    expect(Approved, await subject.send(rest), "a refund of the rest")
    await subject.undo(other)


async def holds_are_captured_once(subject: Subject) -> None:
    """A hold is captured in part or whole, once; what is not taken goes back."""
    other = subject.transfer("hold", subject.pays())
    expect(Approved, await subject.send(other), "another hold, so that more is held than one")
    hold = subject.transfer("hold", subject.pays())
    over = subject.transfer("capture", subject.pays(AMOUNT_MINOR + 1), parent=hold)
    capture = subject.transfer("capture", subject.pays(AMOUNT_MINOR // 2), parent=hold)
    second = subject.transfer("capture", subject.pays(1), parent=hold)
    expect(Approved, await subject.send(hold), "the hold")
    expect(Declined, await subject.send(over), "a capture above the hold")
    expect(Approved, await subject.send(capture), "the capture")
    expect(Declined, await subject.send(second), "a second capture")
    expect(Approved, await subject.core.reverse(hold.id), "the reversal of a captured hold, refused,")
    refund = subject.transfer("refund", subject.gets_back(AMOUNT_MINOR // 2), parent=capture)
    expect(Approved, await subject.send(refund), "the refund of the capture")
    await subject.undo(other)


async def holds_are_released(subject: Subject) -> None:
    """A hold is released, after which nothing can be captured; or reversed, likewise."""
    hold = subject.transfer("hold", subject.pays())
    expect(Approved, await subject.send(hold), "the hold")
    expect(Approved, await subject.send(subject.transfer("release", parent=hold)), "the release")
    late = subject.transfer("capture", subject.pays(), parent=hold)
    expect(Declined, await subject.send(late), "a capture after the release")
    other = subject.transfer("hold", subject.pays())
    expect(Approved, await subject.send(other), "another hold")
    await subject.undo(other)


async def funders_and_fees_take_part(subject: Subject) -> None:
    """The bank's share of a discount and the merchant's fee move with the payment and go back with it."""
    share = Leg(role="funder", source=BANK_OFFERS, target=subject.merchant, amount_minor=200)
    fee = Leg(role="fee", source=subject.merchant, target=BANK_FEES, amount_minor=7)
    debit = subject.transfer("debit", subject.pays(), share, fee)
    expect(Approved, await subject.send(debit), "the payment")
    await subject.undo(debit)


async def credits_are_paid(subject: Subject) -> None:
    """Cashback is paid to the wallet, and taken back by a refund of it."""
    gift = Leg(role="funder", source=BANK_OFFERS, target=subject.payer, amount_minor=5)
    back = Leg(role="funder", source=subject.payer, target=BANK_OFFERS, amount_minor=5)
    credit = subject.transfer("credit", gift)
    expect(Approved, await subject.send(credit), "the credit")
    refund = subject.transfer("refund", back, parent=credit)
    expect(Approved, await subject.send(refund), "its refund")

"""Why an offer is not for everybody, or not for this order, in words for a customer."""

from collections.abc import Mapping
from typing import Final

from gateway.pages.texts import mark
from merchants.offers.reason import Reason

WHY: Final[Mapping[Reason, str]] = {
    Reason.OTHER_SEGMENT: mark("For some customers; your wallet knows."),
    Reason.NOT_FIRST_PURCHASE: mark("For a first purchase."),
    Reason.NO_COUPON: mark("With a coupon from your wallet."),
    Reason.SPEND_TOO_SMALL: mark("For larger orders."),
    Reason.OTHER_ITEMS: mark("For other goods."),
    Reason.NOT_A_MEMBER: mark("For members of the shop."),
    Reason.BUDGET_USED_UP: mark("All given out."),
    Reason.DAILY_BUDGET_USED_UP: mark("All given out for today."),
    Reason.OTHERS_GIVE_MORE: mark("Not together with the others, which give more."),
    Reason.OTHER_HOUR: mark("At another time of the day."),
}

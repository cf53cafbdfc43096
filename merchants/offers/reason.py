"""Why an offer that was looked at does not apply, by codes that tills and shops may show."""

from collections.abc import Mapping
from enum import StrEnum

from merchants.offers.offer import Scope


class Reason(StrEnum):
    """Why an offer that was looked at does not apply."""

    OTHER_CURRENCY = "other_currency"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OTHER_DATE = "other_date"
    OTHER_WEEKDAY = "other_weekday"
    OTHER_HOUR = "other_hour"
    OTHER_MERCHANT = "other_merchant"
    OTHER_STORE = "other_store"
    OTHER_CODE_KIND = "other_code_kind"
    OTHER_SEGMENT = "other_segment"
    NOT_A_MEMBER = "not_a_member"
    NOT_FIRST_PURCHASE = "not_first_purchase"
    NO_COUPON = "no_coupon"
    OTHER_ITEMS = "other_items"
    SPEND_TOO_SMALL = "spend_too_small"
    BUDGET_USED_UP = "budget_used_up"
    DAILY_BUDGET_USED_UP = "daily_budget_used_up"
    STORE_BUDGET_USED_UP = "store_budget_used_up"
    PERSON_CAP_REACHED = "person_cap_reached"
    PERSON_DAILY_CAP_REACHED = "person_daily_cap_reached"
    OTHERS_GIVE_MORE = "others_give_more"


SHORT_OF: Mapping[Scope, Reason] = {
    Scope.TOTAL: Reason.BUDGET_USED_UP,
    Scope.DAY: Reason.DAILY_BUDGET_USED_UP,
    Scope.STORE: Reason.STORE_BUDGET_USED_UP,
    Scope.PERSON: Reason.PERSON_CAP_REACHED,
    Scope.PERSON_DAY: Reason.PERSON_DAILY_CAP_REACHED,
}

# The offer is meant for this cart and payer: what it has left decides, or what others take off.
AT_LIMIT = frozenset((*SHORT_OF.values(), Reason.OTHERS_GIVE_MORE))

"""What a merchant-presented payload says, as frozen values."""

from dataclasses import dataclass
from enum import Enum


class Initiation(Enum):
    """Object 01: one picture for many payments, or a picture for one."""

    STATIC = "11"
    DYNAMIC = "12"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimitiveAccount:
    """Objects 02-25: an account number of one network (02-03 Visa, 04-05 Mastercard, 15-16 UnionPay)."""

    tag: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template that names its owner: accounts 26-51, 62.50-62.99, unreserved 80-99.

    `fields` are the objects after the globally unique identifier, in order, as (ID, value).
    """

    tag: str
    gui: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PromptedTip:
    """Object 55 is `01`: the app asks the payer for a tip."""


@dataclass(frozen=True, slots=True)
class FixedTip:
    """Object 55 is `02`: the fee of object 56, decimal text as there."""

    amount: str


@dataclass(frozen=True, slots=True)
class PercentTip:
    """Object 55 is `03`: the percentage of object 57, decimal text as there."""

    percent: str


Tip = PromptedTip | FixedTip | PercentTip


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalData:
    """Object 62; the value `***` asks the app to prompt for it."""

    bill_number: str | None = None
    mobile_number: str | None = None
    store_label: str | None = None
    loyalty_number: str | None = None
    reference_label: str | None = None
    customer_label: str | None = None
    terminal_label: str | None = None
    purpose: str | None = None
    consumer_data_request: str | None = None
    templates: tuple[Template, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageTemplate:
    """Object 64: the merchant's name in its own script."""

    language: str
    name: str
    city: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MpmCode:
    """A whole payload. Amounts are decimal text as written; `currency` is ISO 4217 numeric."""

    accounts: tuple[PrimitiveAccount | Template, ...]
    mcc: str
    currency: str
    country: str
    name: str
    city: str
    initiation: Initiation | None = None
    amount: str | None = None
    tip: Tip | None = None
    postal_code: str | None = None
    additional: AdditionalData | None = None
    language: LanguageTemplate | None = None
    templates: tuple[Template, ...] = ()

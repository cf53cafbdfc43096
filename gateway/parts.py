"""What one replica holds, made once by `app.py` and handed to every handler."""

from concurrent.futures import Executor
from dataclasses import dataclass

import asyncpg

from gateway.identity.sign_in import SignIns
from gateway.payments.monitoring import Monitor
from gateway.payments.needs import Needs
from gateway.storage.hub import Hub
from gateway.wallet.routing import Cores
from merchants.access.tokens import Tokens
from merchants.keyring import Keyring
from merchants.offers.catalog import Catalog
from merchants.onboarding.policy import Policy
from merchants.sealing import Sealing
from qr.logo import Logo
from qr.order_code import OrderCodeScheme
from qr.payment_code import PaymentCodeScheme
from webhooks.address_guard import AddressPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a replica.

    Attributes:
        environment: `sandbox` or `production`; part of every token, code and signature.
        public_url: where partners reach us: the issuer of tokens, the base of links.
        catalog: the partners' live offers, in memory.
        onboarding: how the bank takes merchants in.
        payments: what payments need, some of which stands here too.
        monitor: how the last hour went.
        renderers: where pictures are drawn, off the event loop.
        logo: for the middle of codes that are asked for with it.
        wallet_name: what customers call the wallet; may be empty.
        wallet_app_link: what opens it on a phone, before an order's code; empty where the code itself does.
        caption_font: has the merchants' script; None has Latin letters only.
        sign_ins: of operators at the bank's identity provider; None where they have keys alone.
        max_wait_s: the longest any call may wait, whatever it asks for.
    """

    environment: str
    public_url: str
    pool: asyncpg.Pool
    hub: Hub
    sealing: Sealing
    keyring: Keyring
    tokens: Tokens
    cores: Cores
    catalog: Catalog
    payment_codes: PaymentCodeScheme
    order_codes: OrderCodeScheme
    address_policy: AddressPolicy
    onboarding: Policy
    payments: Needs
    monitor: Monitor
    renderers: Executor
    caption_font: str | None
    logo: Logo | None
    wallet_name: str
    wallet_app_link: str
    sign_ins: SignIns | None
    max_wait_s: float

    def may_wait_s(self, asked_s: float) -> float:
        """How long a call waits that asks to wait for so long."""
        return min(asked_s, self.max_wait_s)

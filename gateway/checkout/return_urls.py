"""Where a page may send a browser back to: no open redirect, whoever holds a key that asks for payments.

The form is read by one strict pattern instead of a parser that browsers might not agree with: lower-case ASCII host,
no user, no backslash, no fragment, nothing that needs escaping. The origin has to be one that the merchant named
beforehand, with a scope that a shop's payment key need not have.
"""

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode

from gateway.checkout import sql
from gateway.checkout.errors import ReturnUrlNotAllowed, ReturnUrlUnfit
from gateway.transfers.transfer import Connection
from gateway.wire.checkout_result import RESULT_PARAMETER
from merchants import audit, merchant

_HOST: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_TEXT: Final = r"A-Za-z0-9._~!$&'()*+,;=:@%/-"
FORM: Final = re.compile(
    rf"(?P<origin>(?P<scheme>https?)://(?P<host>{_HOST})(?::[1-9][0-9]{{0,4}})?)(?:/[{_TEXT}]*)?(?:\?(?P<query>[?{_TEXT}]*))?"
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})


async def check(
    conn: Connection, urls: dict[str, str], *, partner_id: str, merchant_id: str, sandbox: bool
) -> None:
    """Every address by the pointer of its field.

    Raises:
        ReturnUrlUnfit: not an address that a browser and we read in the same way, or not https.
        ReturnUrlNotAllowed: another place than the merchant's.
    """
    asked = {pointer: _origin(pointer, url, sandbox=sandbox) for pointer, url in urls.items()}
    wanted = {pointer: origin for pointer, origin in asked.items() if origin is not None}
    if not wanted:
        return
    allowed = await sql.return_origins(conn, partner_id=partner_id, merchant_ids=[merchant_id, partner_id])
    for pointer, origin in wanted.items():
        if origin not in allowed:
            raise ReturnUrlNotAllowed(pointer, origin)


def _origin(pointer: str, url: str, *, sandbox: bool) -> str | None:
    """What has to be allowed; None for a developer's own machine."""
    read = FORM.fullmatch(url)
    if read is None or any(name == RESULT_PARAMETER for name, _ in parse_qsl(read["query"] or "")):
        raise ReturnUrlUnfit(pointer)
    if sandbox and read["host"] in _LOOPBACK:
        return None
    if read["scheme"] != "https":
        raise ReturnUrlUnfit(pointer)
    return read["origin"]


def with_result(url: str, signed: str) -> str:
    """The shop's address with what happened."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode({RESULT_PARAMETER: signed})}"


async def allowed(conn: Connection, *, partner_id: str, merchant_id: str) -> list[str]:
    """A merchant's own origins.

    Raises:
        MerchantNotFound
    """
    await merchant.find(conn, partner_id=partner_id, merchant_id=merchant_id)
    return sorted(await sql.return_origins(conn, partner_id=partner_id, merchant_ids=[merchant_id]))


async def allow(
    conn: Connection, origins: list[str], *, partner_id: str, merchant_id: str, actor: str, sandbox: bool
) -> list[str]:
    """Replace a merchant's origins; what was paid before and comes back later is let back still.

    Raises:
        MerchantNotFound
        ReturnUrlUnfit: an origin that is not https.
    """
    await merchant.find(conn, partner_id=partner_id, merchant_id=merchant_id)
    for place, origin in enumerate(origins):
        _origin(f"/origins/{place}", origin, sandbox=sandbox)
    kept = sorted(set(origins))
    await sql.put_return_origins(conn, partner_id=partner_id, merchant_id=merchant_id, origins=kept)
    await audit.record(
        conn, actor=actor, deed="return_origins.replaced", object_id=merchant_id, partner_id=partner_id,
        facts={"origins": " ".join(kept)},
    )  # fmt: skip
    return kept

"""The live offers of partners, held in memory: quoting reads nothing while they have not changed.

The partner's row carries a version that rises whenever its live offers change. Accept reads it anyway, together
with who is paid; so a catalogue can be stale, but never unnoticed. Notices only spare the reload its surprise.
"""

from collections import OrderedDict

import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants.offers import sql
from merchants.offers.live import LiveOffers
from merchants.offers.offer import Deal, Offer

# Partners that pay in one replica at the same time; each holds a few hundred kilobytes at most.
MAX_PARTNERS = 1000

_NONE_LIVE = LiveOffers.of(0, ())


class Catalog:
    """One a process; only ever read and replaced between awaits, so it needs no lock."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, LiveOffers] = OrderedDict()

    async def live(
        self, conn: PoolConnectionProxy, partner_id: str, *, version: int | None = None
    ) -> LiveOffers:
        """The partner's live offers as of now, or as of a version just read in the same transaction.

        Args:
            conn: used when the memory is stale, and to ask for the version where none is given.
            partner_id: whose.
            version: `offers_version` of `merchants.merchant.paying_context`.
        """
        wanted = await sql.offers_version(conn, partner_id=partner_id) if version is None else version
        known = self._of.get(partner_id)
        if known is not None and known.version == wanted:
            self._of.move_to_end(partner_id)
            return known
        return await self._load(conn, partner_id)

    def forget(self, partner_id: str) -> None:
        """Read this partner's offers anew when they are next asked for."""
        self._of.pop(partner_id, None)

    def forget_all(self) -> None:
        """Notices may have been missed."""
        self._of.clear()

    async def _load(self, conn: PoolConnectionProxy, partner_id: str) -> LiveOffers:
        rows = await sql.live_offers(conn, partner_id=partner_id)
        if not rows:
            return _NONE_LIVE
        loaded = LiveOffers.of(
            rows[0]["offers_version"],
            (
                Offer(
                    id=row["id"],
                    partner_id=partner_id,
                    version=row["version"],
                    deal=msgspec.json.decode(row["deal"], type=Deal),
                )
                for row in rows
                if row["id"] is not None
            ),
        )
        self._of[partner_id] = loaded
        self._of.move_to_end(partner_id)
        if len(self._of) > MAX_PARTNERS:
            self._of.popitem(last=False)
        return loaded

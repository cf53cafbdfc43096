"""The sandbox's switches: how the customer's wallet behaves at the core, and what else is made to fail for real."""

from collections.abc import Mapping
from typing import Final

import aiohttp
from msgspec import Struct

from gateway.demo.bank_core import BankCore
from gateway.demo.processes import Child
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.deed import Deed, Which
from gateway.demo.showroom.refusals import CoreSilent, NobodyWaits

BEHAVIOURS: Final[Mapping[str, float]] = {
    "normal": 0.0,
    "insufficient_funds": 0.0,
    "confirmation_required": 0.0,
    "slow": 3.0,
    "late_success": 8.0,
    "late_arrival": 2.0,
    "reply_lost": 0.0,
    "error_500": 0.0,
    "html": 0.0,
    "reversal_refused": 0.0,
}
"""By name, with the seconds that each takes here; the core's own documentation says what they do."""


class Switch(Struct, frozen=True, forbid_unknown_fields=True):
    """On or off."""

    on: bool


class Faults:
    """Whoever flips a switch makes the real thing fail: nothing here pretends."""

    def __init__(
        self,
        board: Board,
        core: BankCore,
        payer_id: str,
        *,
        core_process: Child,
        consumer_url: str,
        http: aiohttp.ClientSession,
    ) -> None:
        self._board, self._core, self._payer_id = board, core, payer_id
        self._core_process, self._consumer_url, self._http = core_process, consumer_url, http
        self._behaviour = "normal"
        self._frozen = False
        self._out_of_order = False

    @property
    def deeds(self) -> Mapping[str, Deed]:
        return {
            "behave": Deed(Which, self.behave),
            "freeze": Deed(Switch, self.freeze),
            "break_consumer": Deed(Switch, self.break_consumer),
        }

    async def behave(self, wish: Which) -> None:
        """From now on the phone's wallet behaves like this."""
        if wish.id not in BEHAVIOURS:
            raise NobodyWaits
        if self._frozen:
            raise CoreSilent
        await self._core.behave(self._payer_id, wish.id, seconds=BEHAVIOURS[wish.id])
        self._behaviour = wish.id
        self.show()

    async def freeze(self, switch: Switch) -> None:
        """The core's process is stopped where it stands, or goes on: connections stay open and nobody answers."""
        self._core_process.freeze(on=switch.on)
        self._frozen = switch.on
        self.show()

    async def break_consumer(self, switch: Switch) -> None:
        """The partner's consumer answers 503; the gateway sends again, and again."""
        async with self._http.put(self._consumer_url, json=switch.on) as answer:
            answer.raise_for_status()
        self._out_of_order = switch.on
        self.show()

    def show(self) -> None:
        state = {"behaviour": self._behaviour, "frozen": self._frozen, "out_of_order": self._out_of_order}
        self._board.show("faults", state)

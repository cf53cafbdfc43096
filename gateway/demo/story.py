"""The story, as its table of contents: read this file and you know what the gateway is for."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from gateway.client import Till
from gateway.demo import doubting, joining, paying
from gateway.demo.inbox import TYPES, Inbox, consuming
from gateway.demo.joining import Bank, Shop
from gateway.demo.sandbox import Stage
from gateway.wire.webhooks import NewWebhookEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who is there from the first chapters on, and goes on: a bank, a shop, its till, and its book-keeping."""

    bank: Bank
    shop: Shop
    till: Till
    inbox: Inbox


async def tell(stage: Stage, stack: AsyncExitStack) -> Cast:
    """Everything from the first application to the last fen.

    Args:
        stage: where it happens.
        stack: keeps what outlives the story.

    Raises:
        StoryBroken: something is not as it is told.
    """
    cast = await gather(stage, stack)
    bank, shop, till, inbox = cast.bank, cast.shop, cast.till, cast.inbox
    chapter = stage.narrator.chapter
    with chapter("A till scans a customer: 128.00 becomes 108.00"):
        payment = await paying.pay_at_the_till(stage, bank, shop, till, inbox)
    with chapter("Half of it goes back, and half of the discount to those who gave it"):
        await paying.refund_half(stage, shop, payment, inbox)
    with chapter("A customer scans an online shop"):
        await paying.pay_online(stage, bank, shop, inbox)
    with chapter("The core's reply is lost after the debit"):
        await doubting.lose_the_reply(stage, bank, till, inbox)
    with chapter("The books are closed"):
        await doubting.close_the_books(stage, shop, inbox)
    return cast


async def gather(stage: Stage, stack: AsyncExitStack) -> Cast:
    """The first chapters: how everybody who plays comes in.

    Raises:
        StoryBroken: something is not as it is told.
    """
    chapter = stage.narrator.chapter
    with chapter("The bank's people and its wallet app sign in"):
        bank = await joining.open_bank(stage)
    with chapter("A supermarket applies"):
        applicant = await joining.apply(stage)
    with chapter("Two pairs of eyes approve it"):
        shop = await joining.review(stage, bank, applicant)
    with chapter("It opens a store, and a till enrols"):
        till = await joining.open_store(stage, shop)
    with chapter("Bank and supermarket agree on a discount: 满100减20"):
        await joining.agree_offer(stage, bank, shop)
    with chapter("Its book-keeping wants every event"):
        inbox = await stack.enter_async_context(_book_keeping(stage, shop))
    return Cast(bank=bank, shop=shop, till=till, inbox=inbox)


@asynccontextmanager
async def _book_keeping(stage: Stage, shop: Shop) -> AsyncIterator[Inbox]:
    """The supermarket registers where it wants its events, and starts the program that takes them."""
    url = f"http://127.0.0.1:{stage.consumer_port}/webhooks"
    endpoint = await shop.office.subscribe(NewWebhookEndpoint(url=url, event_types=list(TYPES)))
    assert endpoint.secret is not None
    stage.narrator.say(f"{', '.join(TYPES)} go to {url}")
    async with consuming(stage, url=url, secret=endpoint.secret) as inbox:
        await inbox.opened()
        stage.narrator.say(
            "a consumer listens there, which verifies with the public standardwebhooks package"
        )
        yield inbox

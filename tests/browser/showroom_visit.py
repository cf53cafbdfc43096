"""What a visitor does in the showroom, and what has to be seen of it."""

import re
from pathlib import Path

from playwright.async_api import expect

from tests.browser.showroom import IN_THE_END_MS, Showroom, Visitor


async def whole_visit(visitor: Visitor, showroom: Showroom) -> None:
    """Once through everything."""
    await visitor.comes_in(showroom.url)
    await visitor.goes_home()
    await visitor.does("phone.top_up")
    await visitor.looks("entrance", only_thorough=True)
    await till_scans_phone(visitor)
    await core_hangs_up(visitor)
    await book_keeper_is_down(visitor, showroom)
    await core_wants_a_confirmation(visitor)
    await core_hangs(visitor)
    await phone_scans_shop(visitor)
    await core_hangs_online(visitor)
    await phone_follows_a_link(visitor)
    await phone_scans_sticker(visitor)


async def till_scans_phone(visitor: Visitor) -> None:
    """128.00 becomes 108.00 by the pixels of a picture; half of it goes back."""
    await visitor.charges("128.00")
    await visitor.shows_a_code()
    await expect(visitor.screen("phone", "code")).to_be_focused()
    await visitor.looks("scanning", only_thorough=True)
    await visitor.holds_it_to_the_till()
    await visitor.sees_till("good", "¥108.00")
    await expect(visitor.screen("phone", "result")).to_contain_text("¥20.00")
    line = await visitor.sees_event("payment.succeeded", "¥108.00")
    await expect(line.locator(".badge.good")).to_be_visible()
    await visitor.sees_event("discount.redeemed", "¥20.00")
    await expect(visitor.exhibit("ledger").locator('tr[data-key="payer:wallet-lan"]')).to_contain_text(
        "-¥108.00"
    )
    await visitor.sees_the_books_agree()
    await visitor.page.locator(".refund summary").click()
    await visitor.page.locator("#refund-amount").fill("64.00")
    await expect(visitor.page.locator("[data-shares]")).to_contain_text("¥54.00")
    await visitor.looks("paid", only_thorough=True)
    async with visitor.answered("do/till/refund"):
        await visitor.page.locator('form[data-form="till.refund"] button').click()
    await visitor.sees_event("discount.clawed_back", "¥10.00")
    await visitor.sees_the_books_agree()


async def core_hangs_up(visitor: Visitor) -> None:
    """The core debits and says nothing: the till shows doubt, then the truth; an old code is worth nothing."""
    await visitor.flips("reply_lost")
    await visitor.charges("66.00")
    await visitor.shows_a_code()
    await visitor.holds_it_to_the_till(symbol="bars")
    await visitor.sees_till("good", "¥66.00")
    await visitor.saw_doubt()
    await visitor.sees_event("payment.succeeded", "¥66.00")
    await visitor.sees_the_books_agree()
    await visitor.flips("normal")


async def book_keeper_is_down(visitor: Visitor, showroom: Showroom) -> None:
    """What could not be delivered comes again; what is forged is refused."""
    await visitor.flips("faults.break_consumer")
    await visitor.charges("9.90")
    await visitor.shows_a_code()
    await visitor.holds_it_to_the_till()
    line = await visitor.sees_event("payment.succeeded", "¥9.90")
    await expect(line.locator(".badge.wait")).to_be_visible()
    newest = visitor.exhibit("log").locator("tbody tr").first
    await showroom.posts_to_the_book_keeper(
        '{"type": "<b onload=alert(1)>", "data": {"payment": {"id": "</td><script>"}}}'
    )
    await expect(newest).to_contain_text("<b onload=alert(1)>")
    await visitor.does("log.forge")  # after a stranger's, which must not stand in its way
    await expect(newest).to_contain_text("¥0.01")
    await expect(newest.locator(".badge.bad")).to_be_visible()
    await visitor.looks("broken")
    await visitor.flips("faults.break_consumer")
    await expect(line.locator(".badge.wait")).to_be_hidden(timeout=IN_THE_END_MS)
    await expect(line).to_contain_text(re.compile(r"× [2-9]"))


async def till_sees_a_printed_code(visitor: Visitor, film: Path) -> None:
    """By its camera, in place of the pixels that are on the page."""
    await visitor.charges("30.00")
    await visitor.shows_a_code()
    await visitor.shows_the_camera("phone", "code.qr", film, to="till")
    await visitor.sees_till("good", "¥30.00")


async def core_wants_a_confirmation(visitor: Visitor) -> None:
    """The wallet hears by webhook that its payer is asked; the first says no, the second yes."""
    await visitor.flips("confirmation_required")
    for answer, state in (("phone.decline", "bad"), ("phone.confirm", "good")):
        await visitor.charges("50")
        await visitor.shows_a_code()
        await visitor.holds_it_to_the_till()
        await expect(visitor.screen("phone", "review")).to_be_visible()
        await expect(visitor.screen("phone", "review")).to_contain_text("¥50.00")
        await visitor.looks("asked", only_thorough=True)
        await visitor.does(answer)
        await visitor.sees_till(state, "¥50.00")
    await visitor.flips("normal")


async def core_hangs(visitor: Visitor) -> None:
    """Its process is stopped in the middle: the books are old, the payment in doubt; then it goes on."""
    await visitor.flips("faults.freeze")
    await expect(visitor.exhibit("ledger").locator(".notice")).to_be_visible()
    await visitor.charges("20.00")
    await visitor.shows_a_code()
    await visitor.holds_it_to_the_till()
    await visitor.sees_till("wait", "¥20.00")
    await expect(visitor.screen("phone", "asking")).to_be_visible()
    await visitor.looks("hanging", only_thorough=True)
    await visitor.flips("faults.freeze")
    await visitor.sees_till("good", "¥20.00")
    await visitor.sees_the_books_agree()


async def phone_scans_shop(visitor: Visitor) -> None:
    """Two teas: 230.00 becomes 190.00 in the cart, on the phone, and in the shop."""
    await visitor.goes_back_to_the_shelves()
    await visitor.does("shop.add")
    await visitor.does("shop.add")
    await expect(visitor.exhibit("shop").locator(".total")).to_contain_text("¥190.00")
    await visitor.does("shop.check_out")
    await visitor.scans("shop", "picture")
    await expect(visitor.screen("phone", "review")).to_contain_text("¥190.00")
    await visitor.looks("review")
    await visitor.does("phone.confirm")
    await expect(visitor.screen("shop", "result")).to_contain_text("¥190.00")
    await visitor.looks("shopped", only_thorough=True)


async def core_hangs_online(visitor: Visitor) -> None:
    """Neither phone nor shop guesses what became of it."""
    await visitor.goes_back_to_the_shelves()
    await visitor.does("shop.add")
    await visitor.does("shop.check_out")
    await visitor.scans("shop", "picture")
    await visitor.flips("faults.freeze")
    await visitor.does("phone.confirm")
    for one in ("phone", "shop"):
        await expect(visitor.screen(one, "result")).to_have_attribute("data-is", "wait")
    await visitor.looks("hanging-online", only_thorough=True)
    await visitor.flips("faults.freeze")
    for one in ("phone", "shop"):
        await expect(visitor.screen(one, "result")).to_have_attribute("data-is", "good")


async def phone_follows_a_link(visitor: Visitor) -> None:
    """The hosted page opens the phone, hears that it is paid, and leads back to the shop with a signature."""
    await visitor.goes_back_to_the_shelves()
    await visitor.does("shop.add")
    await visitor.does("shop.check_out")
    hosted = await visitor.opens_the_hosted_page()
    await visitor.follows(hosted.locator("a.wallet"))
    await visitor.does("phone.confirm")
    await hosted.locator('a[data-part="back"]:visible').click()
    await expect(visitor.screen("shop", "result").locator('[data-if="returned"]')).to_be_visible()
    await visitor.looks("returned", only_thorough=True)
    await hosted.close()


async def phone_scans_sticker(visitor: Visitor) -> None:
    """The customer types the amount, and the till is told without having asked."""
    await visitor.scans("till", "sticker")
    await sticker_is_paid(visitor)


async def phone_sees_a_printed_sticker(visitor: Visitor, film: Path) -> None:
    """The same by the phone's camera."""
    await visitor.goes_home()
    await visitor.does("phone.scan")
    await visitor.shows_the_camera("till", "sticker", film, to="phone")
    await sticker_is_paid(visitor)


async def sticker_is_paid(visitor: Visitor) -> None:
    await visitor.page.locator("#phone-amount").fill("12.30")
    async with visitor.answered("do/phone/amount"):
        await visitor.page.locator('form[data-form="phone.amount"] button').click()
    await visitor.does("phone.confirm")
    await visitor.sees_till("good", "¥12.30")
    await visitor.sees_the_books_agree()

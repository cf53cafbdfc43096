"""The pages of the partner's console."""

from gateway.door.listeners import Page
from gateway.pages.partner.console import Console
from gateway.pages.partner.entrance import entrance
from gateway.pages.partner.front import front_pages
from gateway.pages.partner.payments import payment_pages
from gateway.pages.site import Site


def partner_pages(site: Site) -> tuple[Page, ...]:
    console = Console(site)
    return (
        *entrance(console),
        *front_pages(console),
        *payment_pages(console),
    )

"""The pages of the partner's console."""

from gateway.door.listeners import Page
from gateway.pages.partner.application import application_pages, show_application
from gateway.pages.partner.bulks import bulk_pages
from gateway.pages.partner.captures import capture_pages
from gateway.pages.partner.changes import change_pages
from gateway.pages.partner.console import Console
from gateway.pages.partner.entrance import entrance
from gateway.pages.partner.front import front_pages
from gateway.pages.partner.joining import joining_pages
from gateway.pages.partner.keys import key_pages
from gateway.pages.partner.offers import offer_pages
from gateway.pages.partner.papers import paper_pages
from gateway.pages.partner.payments import payment_pages
from gateway.pages.partner.stores import store_pages
from gateway.pages.partner.webhooks import webhook_pages
from gateway.pages.site import Site


def partner_pages(site: Site) -> tuple[Page, ...]:
    console = Console(site)
    return (
        *entrance(console),
        *front_pages(console),
        *payment_pages(console),
        *capture_pages(console),
        *application_pages(console),
        *paper_pages(console),
        *bulk_pages(console),
        *store_pages(console),
        *webhook_pages(console),
        *offer_pages(console),
        *change_pages(console),
        *key_pages(console),
        *joining_pages(console, back=show_application),
    )

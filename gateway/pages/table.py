"""Every page there is, section by section."""

from gateway.door.listeners import Page
from gateway.pages.checkout import checkout_pages
from gateway.pages.operator.table import operator_pages
from gateway.pages.partner.table import partner_pages
from gateway.pages.scanned import scanned_page
from gateway.pages.site import Site


def pages_of(site: Site) -> tuple[Page, ...]:
    return (
        site.frame.assets.page(),
        scanned_page(site.parts),
        *checkout_pages(site),
        *partner_pages(site),
        *operator_pages(site),
    )

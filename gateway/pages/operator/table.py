"""The pages of the operators' console."""

from gateway.door.listeners import Page
from gateway.pages.operator.cases import case_pages
from gateway.pages.operator.deals import deal_pages
from gateway.pages.operator.entrance import entrance
from gateway.pages.operator.front import front_pages
from gateway.pages.operator.merchants import merchant_pages
from gateway.pages.operator.office import Office
from gateway.pages.operator.people import people_pages
from gateway.pages.operator.trail import trail_pages
from gateway.pages.operator.watching import watching_pages
from gateway.pages.operator.wishes import bulk_pages, change_pages
from gateway.pages.site import Site


def operator_pages(site: Site) -> tuple[Page, ...]:
    office = Office(site)
    return (
        *entrance(office),
        *front_pages(office),
        *case_pages(office),
        *bulk_pages(office),
        *change_pages(office),
        *deal_pages(office),
        *merchant_pages(office),
        *watching_pages(office),
        *people_pages(office),
        *trail_pages(office),
    )

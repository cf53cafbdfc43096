"""The pages of the operators' console."""

from gateway.door.listeners import Page
from gateway.pages.operator.cases import case_pages
from gateway.pages.operator.entrance import entrance
from gateway.pages.operator.front import front_pages
from gateway.pages.operator.office import Office
from gateway.pages.site import Site


def operator_pages(site: Site) -> tuple[Page, ...]:
    office = Office(site)
    return (
        *entrance(office),
        *front_pages(office),
        *case_pages(office),
    )

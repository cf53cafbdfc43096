"""Addresses of checkout pages, and those they lead back to."""

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from gateway.checkout import page_key, return_urls
from merchants.sealing import Sealing

OLD, NEW = bytes(32), bytes(range(32))
SESSION = "cks_01939e7c5b7a7c3f9d2e4a6b00000007"


@settings(max_examples=40)
@given(st.from_regex(return_urls.FORM, fullmatch=True))
def test_what_is_taken_as_an_address_every_parser_reads_alike(url: str) -> None:
    ours = return_urls.FORM.fullmatch(url)
    assert ours is not None
    read = urlsplit(url)
    assert (read.scheme, read.hostname) == (ours["scheme"], ours["host"])
    assert (read.username, read.password, read.fragment) == (None, None, "")
    assert not set(url) & set(" \"'<>\\^`{|}\t\r\n\0") - {"'"}
    assert url.isascii()


@settings(max_examples=40)
@given(st.from_regex(return_urls.FORM, fullmatch=True))
def test_the_result_is_added_and_nothing_else_of_the_address_changes(url: str) -> None:
    led = return_urls.with_result(url, "head.body.signature")
    before, after = urlsplit(url), urlsplit(led)
    assert (before.scheme, before.netloc, before.path) == (after.scheme, after.netloc, after.path)
    assert after.query.startswith(before.query)
    assert parse_qsl(after.query)[-1] == ("checkout_result", "head.body.signature")


def test_an_address_of_ours_is_read_by_the_client_library_of_the_house() -> None:
    url = "https://shop.example:8443/thanks/%E8%B0%A2?order=W-7&n=a%20b"
    assert URL(url, encoded=True).host == "shop.example"
    assert return_urls.FORM.fullmatch(url) is not None


def test_a_pages_address_opens_its_session_and_no_other() -> None:
    sealing = Sealing(NEW)
    key = page_key.key_of(sealing, SESSION)
    assert page_key.session_of(sealing, key) == SESSION
    other = SESSION[:-1] + "8"
    assert page_key.session_of(sealing, other + key[len(SESSION) :]) is None
    assert page_key.session_of(sealing, SESSION) is None
    assert page_key.session_of(sealing, SESSION + ".") is None
    assert page_key.session_of(sealing, key + "A") is None


def test_a_page_stays_where_it_is_while_the_master_key_changes() -> None:
    key = page_key.key_of(Sealing(OLD), SESSION)
    assert page_key.session_of(Sealing(NEW, retired=[OLD]), key) == SESSION
    assert page_key.session_of(Sealing(NEW), key) is None


@given(st.text(max_size=80))
def test_nothing_made_up_is_a_pages_address(text: str) -> None:
    assert page_key.session_of(Sealing(NEW), text) is None

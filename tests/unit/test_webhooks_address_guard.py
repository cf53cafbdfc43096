"""Every notation of every kind of address; what a name resolves to is proved with sockets in the stories."""

import ipaddress

import pytest

from tests.addresses import CLOSED, ODD_HOSTS, OPEN
from webhooks.address_guard import AddressPolicy, GuardedResolver, check_url, is_public
from webhooks.errors import UrlRefused

STRICT = AddressPolicy()
DESK = AddressPolicy(plain_http=True, loopback=True)


@pytest.mark.parametrize("text", CLOSED)
def test_no_special_purpose_address_is_public_in_any_network(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OPEN)
def test_the_neighbours_of_special_purpose_networks_are_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def test_a_url_with_any_closed_address_is_refused_and_with_any_open_one_taken() -> None:
    for text in CLOSED:
        host = f"[{text}]" if ":" in text else text
        with pytest.raises(UrlRefused):
            check_url(f"https://{host}/hook", STRICT)
    for text in OPEN:
        check_url(f"https://{f'[{text}]' if ':' in text else text}/hook", STRICT)


@pytest.mark.parametrize("policy", [STRICT, DESK], ids=["strict", "desk"])
@pytest.mark.parametrize("host", ODD_HOSTS)
def test_numbers_and_names_in_odd_notations_are_refused_even_on_a_desk(
    host: str, policy: AddressPolicy
) -> None:
    with pytest.raises(UrlRefused):
        check_url(f"https://{host}/", policy)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks",
        "//example.com/",
        "https:example.com",
        "https://",
        "https:///path",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com:443/",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://@example.com/",
        "https://example.com#@127.0.0.1/",
        "https://example.com/#fragment",
        "https://example.com\\@127.0.0.1/",
        "https://example.com\t.evil/",
        "https://example.com /",
        "https://example.com\r\nHost: inside/",
        "https://example.com/\x00",
        "https://①②⑦.⓪.⓪.①/",
        "https://127。0。0。1/",
        "https://１２７.0.0.1/",  # full-width digits
        "https://example.com:0/",
        "https://example.com:22/",
        "https://example.com:8443/",
        "https://example.com:65536/",
        "https://example.com:-1/",
        "https://[::1/",
        "https://::1/",
        "https://[]/",
        "https://example.com/" + "x" * 2048,
    ],
)
def test_urls_that_are_no_webhook_endpoint_are_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        check_url(url, STRICT)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://EXAMPLE.com/hooks?a=b%20c",
        "https://example.com:80/",
        "https://xn--fiqs8s.xn--fiqs8s/",
        "https://1.1.1.1/",
        "https://a_b.example.com:443/",
        "https://3com.com/",
    ],
)
def test_ordinary_urls_are_taken(url: str) -> None:
    check_url(url, STRICT)


def test_ports_are_opened_by_setting() -> None:
    check_url("https://example.com:8443/", AddressPolicy(ports=frozenset({8443})))


def test_a_desk_reaches_itself_at_any_port_and_nothing_else_inside() -> None:
    for url in ("http://127.0.0.1:49152/", "http://[::1]:3000/", "http://localhost:5000/"):
        check_url(url, DESK)
    for url in (
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://0.0.0.0:5000/",
        "http://[::ffff:7f00:1]/",
    ):
        with pytest.raises(UrlRefused):
            check_url(url, DESK)


@pytest.mark.parametrize("text", CLOSED)
async def test_one_closed_answer_among_open_ones_refuses_the_whole_name(text: str) -> None:
    async def mixed(_host: str) -> list[str]:
        return ["1.1.1.1", text, "2606:4700::1111"]

    with pytest.raises(OSError, match="mixed"):
        await GuardedResolver(STRICT, mixed).resolve("mixed.example", 443)


async def test_a_name_gets_exactly_the_addresses_that_were_checked() -> None:
    async def both(_host: str) -> list[str]:
        return ["1.1.1.1", "2606:4700::1111"]

    found = await GuardedResolver(STRICT, both).resolve("both.example", 443)
    assert [(each["host"], each["port"]) for each in found] == [("1.1.1.1", 443), ("2606:4700::1111", 443)]

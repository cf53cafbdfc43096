"""Every notation of every kind of address; what a name resolves to is proved with sockets in the stories."""

import ipaddress

import pytest

from webhooks.address_guard import AddressPolicy, GuardedResolver, check_url, is_public
from webhooks.errors import UrlRefused

STRICT = AddressPolicy()
DESK = AddressPolicy(plain_http=True, loopback=True)

CLOSED = """
    0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.64.0.1 100.100.100.200
    100.127.255.255 127.0.0.0 127.0.0.1 127.0.0.53 127.1.2.3 127.255.255.255 169.254.0.1 169.254.169.254
    169.254.170.2 169.254.255.255 172.16.0.0 172.16.0.1 172.20.10.1 172.31.255.255 192.0.0.0 192.0.0.1
    192.0.0.8 192.0.0.9 192.0.0.170 192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.88.99.255
    192.168.0.1 192.168.1.1 192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
    224.0.0.1 224.0.0.251 239.255.255.250 240.0.0.1 255.255.255.254 255.255.255.255
    :: ::1 ::2 ::7f00:1 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1
    ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1
    64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::8.8.8.8 64:ff9b:1::1 64:ff9b:1::10.0.0.1 64:ff9b:1:ffff::1
    100::1 100:0:0:1::1 1fff::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1 2001:1::2 2001:2::1
    2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1 2001:db8::1 2001:db8:ffff::1
    2002::1 2002:7f00:1:: 2002:7f00:1::1 2002:a00:1::1 2002:c0a8:101::1 2002:808:808::1 2620:4f:8000::1
    3fff::1 3fff:fff::1 4000::1 5f00::1 8000::1 fbff::1 fc00::1 fc00:ec2::254 fd00::1 fd00:ec2::254
    fdff:ffff::1 fe00::1 fe80::1 fe80::a00:1 febf::1 fec0::1 fec0:0:0:ffff::1 feff::1 ff00::1 ff01::1 ff02::1
    ff02::fb ff05::2 ff0e::1 ffff::1
""".split()  # noqa: SIM905  # a table reads better than two hundred lines

OPEN = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
    169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255
    192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
    2000::1 2001:200::1 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1 2606:4700::1111 2620:4f:7fff::1
    3ffe::1
""".split()  # noqa: SIM905  # a table reads better than two hundred lines

ODD_HOSTS = """
    127.1 127.0.1 10.1 0 1 2130706433 3232235777 017700000001 0177.0.0.1 0177.1 0177.0.0.01 010.0.0.1
    0x7f000001 0x7f.1 0x7f.0.0.1 0x7F.0.0.1 0x7f.0x0.0x0.0x1 0xa9fea9fe 127.0.0.0x1 127.0.0.01 8.8.8.08 8.8.2056
    134744072 00.0.0.0 256.256.256.256 127.0.0.1. 127.0.0.1.. 1.2.3 1.2.3.4.5 999 foo.1 example.0x1 foo.0x
    %31%32%37.0.0.1 127%2e0%2e0%2e1 [::1%25lo] [fe80::1%25eth0] [2606:4700::1111%25eth0] [v1.fe80]
    .example.com example..com example.com. -example.com example-.com exa_mple-.com exa%6dple.com example.com%00
""".split()  # noqa: SIM905  # a table reads better than two hundred lines


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

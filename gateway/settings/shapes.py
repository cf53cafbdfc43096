"""What a setting's text looks like, and how that is said to whoever wrote another."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern, and the rest of the sentence "… has to"."""

    pattern: str
    wanted: str

    @property
    def or_nothing(self) -> "Shape":
        return Shape(f"^$|{self.pattern}", self.wanted + ", or be empty")


_WEB = r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
# Several hosts, as libpq takes them; asyncpg reads the rest.
_HOSTS = r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:,/?#@\s]*)(:[0-9]{1,5})?"

DATABASE: Final = Shape(
    rf"^postgres(ql)?://([^/?#@\s]*@)?{_HOSTS}(,{_HOSTS})*(/[^?#\s]*)?([?][^#\s]*)?$",
    "be a PostgreSQL URL such as postgresql://user:password@host:5432/database",
)
BASE: Final = Shape(
    rf"^{_WEB}(/[^?#\s]*[^?#\s/])?$",
    "be an http(s) URL such as https://pay.bank.example, without a slash behind",
)
WEB: Final = Shape(rf"^{_WEB}(/[^?#\s]*)?$", "be an http(s) URL such as https://bank.example/path")
PROXY: Final = Shape(
    r"^https?://([^/?#@\s]+@)?[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$",
    "be a URL such as http://proxy.bank.example:3128",
)
# Two digits that are none of WeChat's, Alipay's or UnionPay's.
PREFIX: Final = Shape(
    "^(?!1[0-5]|2[5-9]|30|62)[0-9]{2}$",
    "be two digits that are no other wallet's: not 10 to 15, 25 to 30 or 62",
)
GUI: Final = Shape(
    "^(?=.{3,20}$)[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+$",
    "be a reverse domain of 20 characters at most, such as cn.example.wallet",
)
PORTS: Final = Shape(
    "^[1-9][0-9]{0,4}(,[1-9][0-9]{0,4})*$", "be ports from 1 to 65535, separated by commas, such as 443,8443"
)
HOPS: Final = Shape("^[0-9]{0,2}$", "be a whole number, 0 at least and 99 at most")
LIMITS: Final = Shape(
    "^([A-Z]{3}=([0-9]{1,15}|-)(/([0-9]{1,15}|-)){3}(,|$))*$",
    "read currency=static/one factor/two/certificate, each minor units or `-`, such as CNY=50000/100000/500000/-",
)
STEP_UP: Final = Shape(
    "^([A-Z]{3}=[0-9]{1,15}(,|$))*$", "read currency=minor units, separated by commas, such as CNY=200000"
)
TILL: Final = Shape(
    "^([A-Z]{3}=[0-9]{1,15}/[0-9]{1,15}(,|$))*$",
    "read currency=each time/a day in minor units, separated by commas, such as CNY=20000/100000",
)
RULES: Final = Shape(
    "^([a-z0-9-]{1,32}=(payer|terminal|merchant):(count|amount)>[0-9]{1,15}/[0-9]{1,7}:(decline|step_up)(,|$))*$",
    "read name=whose:what>limit/seconds:action, separated by commas, such as burst=payer:count>10/60:decline",
)
STEPS: Final = Shape(
    "^((verify_account|sign)(,|$))*$",
    "be verify_account, sign, or both with a comma between them, or be empty",
)
RATES: Final = Shape(
    "^((terminal|partner|wallet|operator|applicant|merchant|address|joining|checkout)"
    "=[1-9][0-9]{0,5}/[1-9][0-9]{0,5}(,|$))*$",
    "read kind=requests a second/at once, separated by commas, such as terminal=20/60; the kinds are terminal, "
    "partner, wallet, operator, applicant, merchant, address, joining and checkout",
)
GROUPS: Final = Shape(
    "^([^=,]+=(reviewer|approver|risk|auditor)(,|$))*$",
    "read group=role, separated by commas; the roles are reviewer, approver, risk and auditor",
)
APP_LINK: Final = Shape(
    "^(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*://[!-~]+$",
    "be what a link begins with that opens the app, such as wallet://pay?code=",
)

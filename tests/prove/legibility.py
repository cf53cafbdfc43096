"""How well a scanner reads our pictures when they are treated badly, beside those of `qrcode.make`.

Each payload is drawn by both and photographed at the same width; then each photograph is spoilt and given to
zxing-cpp. The till's
slip is printed at 203 dots an inch, 48 mm wide, ours in whole dots and the library's scaled as printers do.
"""

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import jwt
import qrcode
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from merchants.keyring import Purpose, Signer
from merchants.money import Money
from merchants.sealing import Sealing
from qr import render
from qr.emv_mpm import Template, parse
from qr.logo import Logo, read_logo
from qr.order_code import OrderCodeScheme, Payee
from qr.order_ref import draw_order_ref
from qr.payment_code import PaymentCodeScheme
from qr.signed_code import Form, write_signed
from qr.symbol import Ecc
from qr.symbol import draw as draw_symbol

Distortion = Callable[[Image.Image, random.Random], Image.Image]

_SCHEME = OrderCodeScheme(
    environment="production", gui="cn.example.pay", link_base="HTTPS://PAY.EXAMPLE-BANK.COM.CN/Q/"
)
_PAYMENT_CODES = PaymentCodeScheme(environment="production", prefix="51", sealing=Sealing(bytes(32)))
_SIGNER = Signer(purpose=Purpose.QR, key_id="A1", private_key=Ed25519PrivateKey.generate())
_PHOTO_PX = 300
"""As small as a code is in the picture of a scanner held at arm's length."""
_SLIP_PX = 384
_BLEEDS = 0.5
_LIGHT = 255
_THERMAL = "thermal 203 dpi"


def _loudest_logo() -> Logo:
    """Rings of black and white up to the plate's edge: as like data modules, and unlike them, as can be."""
    picture = Image.new("RGB", (240, 240), "white")
    rings = ImageDraw.Draw(picture)
    for number, inset in enumerate(range(0, 120, 24)):
        rings.ellipse(
            (inset, inset, 239 - inset, 239 - inset), fill=("black", "#c8102e", "white")[number % 3]
        )
    out = io.BytesIO()
    picture.save(out, "PNG")
    return read_logo(out.getvalue())


LOGO = _loudest_logo()
_SCREEN = render.SCREEN
_SLIP = replace(render.TILL_RECEIPT, ecc=_SCREEN.ecc)


def order_code(form: Form, *, name: str = "CORNER SHOP", city: str = "SHENZHEN") -> str:
    return write_signed(
        _SCHEME,
        form,
        payee=Payee(merchant_number="100000000000001", mcc="5411", name=name, city=city),
        amount=Money(12_800, "CNY"),
        order_ref=draw_order_ref(7),
        expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        signer=_SIGNER,
    )


PAYLOADS: dict[str, Callable[[], str]] = {
    "order code, EMV": lambda: order_code(Form.EMV),
    "order code, EMV, Chinese name": lambda: order_code(Form.EMV, name="最佳超市", city="深圳"),
    "order code, link": lambda: order_code(Form.LINK),
    "payment code": _PAYMENT_CODES.draw,
}


def _untouched(photo: Image.Image, _chance: random.Random) -> Image.Image:
    return photo


def _blurred(photo: Image.Image, chance: random.Random) -> Image.Image:
    return photo.filter(ImageFilter.GaussianBlur(chance.uniform(1.2, 1.8)))


def _rotated(photo: Image.Image, chance: random.Random) -> Image.Image:
    angle = chance.choice((-30, 30))
    return photo.rotate(angle, resample=Image.Resampling.BILINEAR, expand=True, fillcolor=_LIGHT)


def _in_perspective(photo: Image.Image, chance: random.Random) -> Image.Image:
    """Held at a slant: what is far is up to a third smaller than what is near."""
    margin = photo.width // 4
    wide = photo.width + 2 * margin
    larger = Image.new("L", (wide, wide), _LIGHT)
    larger.paste(photo, (margin, margin))
    slant = chance.uniform(0.3, 0.5) / wide
    matrix = (1, slant * wide / 2, 0, 0, 1 + slant * wide, 0, 0, slant)
    return larger.transform(
        (wide, wide),
        Image.Transform.PERSPECTIVE,
        matrix,
        resample=Image.Resampling.BILINEAR,
        fillcolor=_LIGHT,
    )


def _pale(photo: Image.Image, _chance: random.Random) -> Image.Image:
    return ImageEnhance.Contrast(photo).enhance(0.5)


def _as_jpeg(photo: Image.Image, _chance: random.Random) -> Image.Image:
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=30)
    return Image.open(out)


def _printed(slip: Image.Image, chance: random.Random) -> Image.Image:
    """Of a slip's dots some bleed into their neighbours, a row is dead, and the heat fades along the paper."""
    dots = slip.filter(ImageFilter.MinFilter(3)) if chance.random() < _BLEEDS else slip.copy()
    dead = chance.randrange(dots.width)
    dots.paste(_LIGHT, (dead, 0, dead + 1, dots.height))
    fade = Image.linear_gradient("L").resize(dots.size).point(lambda level: level // 3)
    return _photo(Image.composite(Image.new("L", dots.size, _LIGHT), dots, fade))


DISTORTIONS: dict[str, Distortion] = {
    "untouched": _untouched,
    "blur": _blurred,
    "rotation 30°": _rotated,
    "perspective": _in_perspective,
    "contrast 50 %": _pale,
    "JPEG 30": _as_jpeg,
    _THERMAL: _printed,
}


@dataclass(frozen=True, slots=True)
class Rate:
    """Of so many pictures of a kind under a distortion, how many of ours and of the library's were read."""

    payload: str
    distortion: str
    pictures: int
    ours: int
    common: int


def rates(count: int, chance: random.Random) -> list[Rate]:
    """Every kind under every distortion, `count` payloads each; with a logo too, but for slips, which have none."""
    found = []
    for kind, logo in ((kind, logo) for kind in PAYLOADS for logo in (None, LOGO)):
        payloads = [PAYLOADS[kind]() for _ in range(count)]
        ours = [_opened(render.png(payload, style=_SCREEN, logo=logo)) for payload in payloads]
        slips = [_opened(render.png(payload, style=_SLIP)) for payload in payloads]
        common = [qrcode.make(payload).convert("L") for payload in payloads]
        scaled = [one.resize((_SLIP_PX, _SLIP_PX), Image.Resampling.NEAREST) for one in common]
        photos, their_photos = [_photo(one) for one in ours], [_photo(one) for one in common]
        for name, spoil in DISTORTIONS.items():
            if logo and name == _THERMAL:
                continue
            both = (slips, scaled) if name == _THERMAL else (photos, their_photos)
            seed = chance.random()  # the same bad luck for both
            read = [_read(payloads, pictures, spoil, random.Random(seed)) for pictures in both]
            found.append(Rate(kind + (", logo" if logo else ""), name, count, *read))
    return found


def _read(
    payloads: Sequence[str], pictures: Sequence[Image.Image], spoil: Distortion, chance: random.Random
) -> int:
    return sum(
        payload in {one.text for one in zxingcpp.read_barcodes(spoil(picture, chance).convert("L"))}
        for payload, picture in zip(payloads, pictures, strict=True)
    )


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("L")


def _photo(picture: Image.Image) -> Image.Image:
    return picture.resize((_PHOTO_PX, _PHOTO_PX), Image.Resampling.BILINEAR)


def sizes() -> dict[str, str]:
    """Versions and modules of each kind on a screen, and of the same content as a compact JWS in a URL."""
    found = {kind: _size(draw(), _SCREEN.ecc) for kind, draw in PAYLOADS.items()}
    found["the same order as a JWS in a URL"] = _size(_as_jws(), _SCREEN.ecc)
    return found


def _size(payload: str, ecc: Ecc) -> str:
    ours, common = draw_symbol(payload, ecc), qrcode.QRCode(error_correction=ecc.value)
    common.add_data(payload)
    common.make(fit=True)
    return (
        f"{len(payload)} characters, version {ours.version}-{ecc.name} ({ours.size} modules); "
        f"qrcode takes {common.version}-{ecc.name}"
    )


def _as_jws() -> str:
    """What an EMV order code says, signed as others would do it."""
    account = parse(order_code(Form.EMV)).code
    [template] = [one for one in account.accounts if isinstance(one, Template)]
    fields = dict(template.fields)
    claims = {
        "iss": _SCHEME.gui,
        "mid": fields["01"],
        "ref": fields["02"],
        "exp": int(fields["04"]),
        "mcc": account.mcc,
        "cur": account.currency,
        "amt": account.amount,
        "cc": account.country,
        "name": account.name,
        "city": account.city,
    }
    token = jwt.encode(claims, _SIGNER.private_key, algorithm="EdDSA", headers={"kid": "A1"})
    return f"https://pay.example-bank.com.cn/q/{token}"

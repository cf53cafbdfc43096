"""Codes as pictures: drawn as a wallet app draws them, read as a till's scanner reads them; and one forged."""

import binascii
import io
import re
from typing import cast

import qrcode
import zxingcpp
from PIL import Image
from typing_extensions import Buffer

from gateway.demo.checks import StoryBroken


def drawn(code: str) -> bytes:
    """A QR code as PNG, as the customer's wallet app shows it."""
    picture = io.BytesIO()
    qrcode.make(code).save(picture)
    return picture.getvalue()


def bars(code: str) -> bytes:
    """The same code as Code 128, for tills with a laser."""
    drawn_bars = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.Code128).to_image(scale=3)
    height, width = drawn_bars.shape
    picture = io.BytesIO()
    Image.frombytes("L", (width, height), bytes(cast("Buffer", drawn_bars))).save(picture, "PNG")
    return picture.getvalue()


def texts_in(image: Image.Image) -> set[str]:
    """Everything that the codes in a picture say."""
    return {one.text for one in zxingcpp.read_barcodes(image.convert("L"))}


def scanned(picture: bytes) -> str:
    """What a camera reads from a picture that shows one QR code.

    Raises:
        StoryBroken: it does not show exactly one.
    """
    found = texts_in(Image.open(io.BytesIO(picture)))
    if len(found) != 1:
        raise StoryBroken(f"the picture shows {len(found)} codes instead of one")
    return found.pop()


def forged(payload: str, *, amount: str) -> str:
    """An EMVCo code that somebody changed: another amount (54) of the same length, and the checksum (63) right."""
    changed, times = re.subn(
        rf"54{len(amount):02d}[0-9.]{{{len(amount)}}}", f"54{len(amount):02d}{amount}", payload
    )
    if times != 1 or changed == payload:
        raise StoryBroken("the code's amount is not where EMVCo puts it")
    return changed[:-4] + f"{binascii.crc_hqx(changed[:-4].encode(), 0xFFFF):04X}"

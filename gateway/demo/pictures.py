"""Codes as pictures: drawn as a wallet app draws them, read as a till's scanner reads them; and one forged."""

import binascii
import io
import re

import qrcode
import zxingcpp
from PIL import Image

from gateway.demo.checks import StoryBroken


def drawn(code: str) -> bytes:
    """A QR code as PNG, as the customer's wallet app shows it."""
    picture = io.BytesIO()
    qrcode.make(code).save(picture)
    return picture.getvalue()


def scanned(picture: bytes) -> str:
    """What a camera reads from a picture that shows one QR code.

    Raises:
        StoryBroken: it does not show exactly one.
    """
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"))
    if len(found) != 1:
        raise StoryBroken(f"the picture shows {len(found)} codes instead of one")
    return found[0].text


def forged(payload: str, *, amount: str) -> str:
    """An EMVCo code that somebody changed: another amount (54) of the same length, and the checksum (63) right."""
    changed, times = re.subn(
        rf"54{len(amount):02d}[0-9.]{{{len(amount)}}}", f"54{len(amount):02d}{amount}", payload
    )
    if times != 1 or changed == payload:
        raise StoryBroken("the code's amount is not where EMVCo puts it")
    return changed[:-4] + f"{binascii.crc_hqx(changed[:-4].encode(), 0xFFFF):04X}"

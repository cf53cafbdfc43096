"""EMVCo consumer-presented QR payloads, read and written: EMV QRCPS, Consumer-Presented Mode, v1.1.

A payload is BER-TLV in Base64: the version, one or two application templates, perhaps a common one, perhaps
more. `parse` names every fault with its tag and place, `build` writes nothing `parse` would refuse.
"""

from qr.emv_cpm.ber_tlv import DataObject
from qr.emv_cpm.code import CpmCode, PoiData, account_number
from qr.emv_cpm.faults import CpmRefused, FaultKind
from qr.emv_cpm.payload import build, looks_like_cpm, parse

__all__ = [
    "CpmCode",
    "CpmRefused",
    "DataObject",
    "FaultKind",
    "PoiData",
    "account_number",
    "build",
    "looks_like_cpm",
    "parse",
]

"""EMVCo merchant-presented QR payloads, read and written: EMV QRCPS, Merchant-Presented Mode, v1.1.

`parse` reads strictly (every fault refuses) or leniently (faults that change neither payee nor amount are
only named); `build` writes nothing that a strict `parse` would refuse. Pure text in, frozen values out.
"""

from qr.emv_mpm.build import build
from qr.emv_mpm.code import (
    AdditionalData,
    FixedTip,
    Initiation,
    LanguageTemplate,
    MpmCode,
    PercentTip,
    PrimitiveAccount,
    PromptedTip,
    Template,
    Tip,
)
from qr.emv_mpm.faults import FaultKind, MpmRefused
from qr.emv_mpm.objects import DataObject
from qr.emv_mpm.parse import Mode, Parsed, parse
from qr.fault import Fault

__all__ = [
    "AdditionalData",
    "DataObject",
    "Fault",
    "FaultKind",
    "FixedTip",
    "Initiation",
    "LanguageTemplate",
    "Mode",
    "MpmCode",
    "MpmRefused",
    "Parsed",
    "PercentTip",
    "PrimitiveAccount",
    "PromptedTip",
    "Template",
    "Tip",
    "build",
    "parse",
]

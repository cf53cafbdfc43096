"""What a consumer-presented payload says, as frozen values."""

from dataclasses import dataclass

from qr.emv_cpm.ber_tlv import DataObject

_TRACK_2, _ACCOUNT_NUMBER = "57", "5A"
_SEPARATOR, _PADDING = "D", "F"


@dataclass(frozen=True, slots=True)
class PoiData:
    """Objects of a template in their order, for the point of interaction; opaque 63 or 64 among them."""

    objects: tuple[DataObject, ...]

    def get(self, tag: str) -> bytes | None:
        """The value of a tag such as `4F`, the application's identifier."""
        return next((one.value for one in self.objects if one.tag == tag), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CpmCode:
    """A whole payload: one or two applications (61), what they share (62), and objects after those."""

    applications: tuple[PoiData, ...]
    common: PoiData | None = None
    others: tuple[DataObject, ...] = ()


def account_number(code: CpmCode) -> str | None:
    """The digits of the first application that names an account, from 5A or from track 2 before its separator."""
    templates = list(code.applications)
    if code.common:
        templates.append(code.common)
    for data in templates:
        value = data.get(_ACCOUNT_NUMBER) or data.get(_TRACK_2)
        if value is not None:
            return value.hex().upper().partition(_SEPARATOR)[0].rstrip(_PADDING)
    return None

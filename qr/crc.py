"""The checksum of EMVCo object 63."""

import binascii

_INITIAL = 0xFFFF


def crc16(data: bytes) -> str:
    """CRC-16 with polynomial 0x1021, initial value 0xFFFF, nothing reflected: four upper-case hex digits.

    EMVCo MPM v1.1, section 4.7.3.1 (ISO/IEC 13239); `b"123456789"` gives `29B1`.
    """
    return f"{binascii.crc_hqx(data, _INITIAL):04X}"

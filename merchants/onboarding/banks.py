"""The banks behind the first three digits of a branch number (联行号, the payment systems' participant code).

Only banks with a code of their own; city (313), rural (314, 402) and village banks (320) share theirs.
"""

_NAMES: dict[str, tuple[str, ...]] = {
    "102": ("工商银行", "Industrial and Commercial Bank", "ICBC"),
    "103": ("农业银行", "Agricultural Bank"),
    "104": ("中国银行", "Bank of China"),
    "105": ("建设银行", "Construction Bank", "CCB"),
    "301": ("交通银行", "Bank of Communications"),
    "302": ("中信银行", "CITIC"),
    "303": ("光大银行", "Everbright"),
    "304": ("华夏银行", "Hua Xia", "Huaxia"),
    "305": ("民生银行", "Minsheng"),
    "306": ("广发银行", "Guangfa"),
    "307": ("平安银行", "Ping An"),
    "308": ("招商银行", "China Merchants Bank"),
    "309": ("兴业银行", "Industrial Bank"),
    "310": ("浦东发展银行", "浦发银行", "Pudong Development"),
    "316": ("浙商银行", "Zheshang"),
    "318": ("渤海银行", "Bohai"),
    "403": ("邮政储蓄银行", "邮储银行", "Postal Savings"),
}


def is_of_bank(branch_number: str, bank_name: str) -> bool:
    """Whether a branch number may belong to a bank of this name; true where the digits do not say."""
    names = _NAMES.get(branch_number[:3])
    return names is None or any(name.casefold() in bank_name.casefold() for name in names)

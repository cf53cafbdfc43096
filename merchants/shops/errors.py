"""What can go wrong with a place; that it is not there or closed is said in `merchants.errors`."""

from merchants.errors import MerchantsError


class AreaCodeUnknown(MerchantsError):
    """This is no county's code by GB/T 2260; give the six digits of the county the store is in."""

    pointer = "/area_code"

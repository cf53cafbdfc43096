"""Where a merchant is paid: stores, and terminals as places in them.

The device that stands at a terminal enrols in `merchants.access`; here is only where it stands. Nothing retries.
"""

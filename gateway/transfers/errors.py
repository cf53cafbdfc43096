"""What can go wrong when somebody asks about a transfer."""


class TransfersError(Exception):
    """The transfer cannot be looked at."""


class TransferNotFound(TransfersError):
    """There is no such transfer, or it is of another issuer's payer."""

"""The life of a merchant from first draft to closing: one table for applications and merchants.

An application carries the states up to `active`; the merchant that approval makes carries `active` and what
follows, so neither repeats the other's.
"""

from enum import StrEnum


class Status(StrEnum):
    """Where somebody who wants to be paid stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    NEEDS_MORE_INFO = "needs_more_info"
    TO_BE_VERIFIED = "to_be_verified"
    TO_BE_SIGNED = "to_be_signed"
    APPROVED = "approved"
    ACTIVE = "active"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    CLOSED = "closed"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.SUBMITTED, Status.EXPIRED}),
    Status.SUBMITTED: frozenset({Status.UNDER_REVIEW, Status.WITHDRAWN}),
    # Straight to approved where the bank asks for neither account verification nor agreement.
    Status.UNDER_REVIEW: frozenset(
        {
            Status.NEEDS_MORE_INFO,
            Status.TO_BE_VERIFIED,
            Status.TO_BE_SIGNED,
            Status.APPROVED,
            Status.REJECTED,
            Status.WITHDRAWN,
        }
    ),
    Status.NEEDS_MORE_INFO: frozenset({Status.SUBMITTED, Status.WITHDRAWN, Status.EXPIRED}),
    # Back to the applicant where the account is not its own: it may name another, which is reviewed anew.
    Status.TO_BE_VERIFIED: frozenset(
        {
            Status.TO_BE_SIGNED,
            Status.APPROVED,
            Status.NEEDS_MORE_INFO,
            Status.REJECTED,
            Status.WITHDRAWN,
            Status.EXPIRED,
        }
    ),
    Status.TO_BE_SIGNED: frozenset({Status.APPROVED, Status.EXPIRED, Status.WITHDRAWN}),
    Status.APPROVED: frozenset({Status.ACTIVE}),
    Status.ACTIVE: frozenset({Status.SUSPENDED, Status.CLOSED}),
    Status.SUSPENDED: frozenset({Status.ACTIVE, Status.CLOSED}),
    Status.REJECTED: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.CLOSED: frozenset(),
}


def leading_to(target: Status) -> frozenset[Status]:
    """The states from which `target` may be reached: what a conditional update asks for."""
    return frozenset(source for source, targets in TRANSITIONS.items() if target in targets)

"""The application an identity made, and the merchant it has become."""

from collections.abc import Callable

from gateway.cli.asking import SaidNo, Session
from gateway.cli.identity import Unreadable
from gateway.client import Applicant, Credentials, Gateway
from gateway.wire.applications import Application


def applicant(session: Session) -> Callable[[Gateway, Credentials], Applicant]:
    """How to sign in as an identity that applied."""
    application_id = session.file.identity.application_id
    if application_id is None:
        kind = session.file.identity.kind
        whose = f"is a {kind}'s identity" if kind else "is nobody's who applied"
        raise Unreadable(
            f"{session.file.path} {whose}, and this command is an applicant's: name the file of `partner apply`"
        )

    def signed_in(gateway: Gateway, credentials: Credentials) -> Applicant:
        return Applicant(gateway, credentials, application_id)

    return signed_in


def own_merchant(session: Session) -> str:
    """The merchant that the bank made of the application; asked for once, then known.

    Raises:
        SaidNo: there is none yet.
    """
    known = session.file.identity.merchant_id
    if known is not None:
        return known
    found: Application = session.ask(applicant(session), lambda one: one.application())
    if found.merchant_id is None:
        raise SaidNo(f"the application is {found.status}: the bank has made no merchant of it yet")
    session.file.keep(merchant_id=found.merchant_id)
    return found.merchant_id

"""Who uploads a key shows that they hold it: nobody puts somebody else's key to their name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from merchants.access import assertion, jwk
from merchants.access.errors import GrantRefused, KeyNotProven
from merchants.access.principal import ClientKey


def check(
    client_id: str, public_jwk: Mapping[str, Any], proof: str, *, uploaded_to: str, now: datetime
) -> None:
    """Settle that `proof` is an assertion of this client by this key, for the address it is uploaded to.

    Because of that audience it signs nobody in. It needs not work once: it proves the same however often.

    Raises:
        PublicKeyUnacceptable: there is nothing to prove.
        KeyNotProven
    """
    key = jwk.accept(public_jwk)
    candidate = ClientKey(
        key_id=key.thumbprint,
        client_id=client_id,
        purpose="assertion",
        algorithm=key.algorithm,
        jwk=key.jwk,
        thumbprint=key.thumbprint,
        created_at=now,
    )
    try:
        said = assertion.read(proof)
        assertion.verify(said, [candidate], audience=uploaded_to, now=now)
    except GrantRefused as error:
        raise KeyNotProven from error
    if said.client_id != client_id:
        raise KeyNotProven

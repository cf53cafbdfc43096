"""Why somebody does not come in; each docstring is the sentence the caller reads."""

from typing import ClassVar, Literal

from merchants.errors import MerchantsError

OAuthError = Literal[
    "invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type", "invalid_dpop_proof"
]


class AccessError(MerchantsError):
    """Access was refused."""


class PublicKeyUnacceptable(AccessError):
    """This key cannot be used; send the public JWK of a new Ed25519, P-256 or RSA (2048 to 4096 bits) key."""

    def __init__(self, reason: str, *, member: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = f"/jwk/{member}" if member else "/jwk"


class PublicKeyUsedBefore(AccessError):
    """This client had this key before; keys neither come back nor change their purpose, so make a new one."""

    pointer = "/jwk"


class TooManyLiveKeys(AccessError):
    """Two keys of this purpose are live already; revoke one of them first."""


class ClientNotFound(AccessError):
    """You have no client with this id; list your clients to see which there are."""


class ClientKeyNotFound(AccessError):
    """This client has no live key with this id; list its keys to see which there are."""


class ClientAlreadyRevoked(AccessError):
    """This client is revoked for good; make a new one."""


class OperatorProposalNotFound(AccessError):
    """There is no proposal of an operator with this id; list those that wait."""


class OperatorProposalDecided(AccessError):
    """This proposal is decided; read it again and see its status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.proposal_status = status


class OwnOperatorProposal(AccessError):
    """You proposed this operator yourself; another approver has to decide."""


class ProposalNotFound(AccessError):
    """There is no proposal of this kind with this id; list those that wait."""


class ProposalDecided(AccessError):
    """This proposal is decided; read it again and see its status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.proposal_status = status


class OwnProposal(AccessError):
    """You proposed this yourself; another approver has to decide."""


class ProposalUnderway(AccessError):
    """Another proposal about this client waits for its decision; have that decided first."""


class KeysNotReset(AccessError):
    """Keys of this client are not reset: tills come in with an activation code, operators by a proposal.

    A revoked client stays out; let the partner register another server, or propose the wallet's backend anew.
    """


class ResetCodeRefused(AccessError):
    """This code is wrong, used with another key, or too old: check both halves, in either order, or ask for a reset.

    A code has two halves, of which each of the two operators has been shown one; five tries with one right end it.
    """

    pointer = "/reset_code"


class ScopesNotYours(AccessError):
    """You cannot make or reach a client with scopes that you do not have; see `scopes`."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__(*scopes)
        self.scopes = scopes


class PayerStatementRefused(AccessError):
    """What you say of the payer cannot be relied on."""

    pointer = "/payer"


class PayerStatementMalformed(PayerStatementRefused):
    """`payer` is a JWT of the type `payer+jwt` with the claims this API describes, without a key of its own."""


class PayerStatementNotVerified(PayerStatementRefused):
    """No live key of the client that calls has signed `payer`; sign with a key you signed in with.

    Somebody who holds a wallet's token and none of its keys gets this; ask the issuer whether one was stolen.
    """


class PayerStatementExpired(PayerStatementRefused):
    """`payer` is over, not begun, or made for more than 60 seconds; sign a new one for each call."""


class PayerStatementMisdirected(PayerStatementRefused):
    """`payer` was signed for another caller, gateway, use, object or amount than this request's; see `member`."""

    def __init__(self, member: str) -> None:
        super().__init__(member)
        self.member = member


class PayerOfAnotherIssuer(PayerStatementRefused):
    """You speak for payers of your own issuer alone; see `issuer`.

    A wallet's backend that vouches for another issuer's payers is misconfigured, or somebody tries it on.
    """

    def __init__(self, issuer: str) -> None:
        super().__init__(issuer)
        self.issuer = issuer


class PayerStatementReplayed(PayerStatementRefused):
    """This `payer` was used before; sign one for each deed, and repeat a request as it was, with its key."""


class ActivationCodeRefused(AccessError):
    """This activation code is wrong, used or too old; have a new one made for the terminal and enter that.

    Many from one place are guesses: five wrong ones end a code, and its network is slowed down (`joining`).
    """

    pointer = "/activation_code"


class GrantRefused(AccessError):
    """The token request was refused; `error` says why in the words of RFC 6749, section 5.2."""

    oauth_error: ClassVar[OAuthError] = "invalid_client"

    def __init__(self) -> None:
        super().__init__()
        self.error = self.oauth_error
        self.error_description = " ".join((self.__doc__ or "").partition("\n\n")[0].split())


class GrantTypeUnsupported(GrantRefused):
    """We take `grant_type=client_credentials` alone; send that."""

    oauth_error = "unsupported_grant_type"


class ClientAssertionTypeUnsupported(GrantRefused):
    """Sign in with `client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer`."""

    oauth_error = "invalid_request"


class ScopeNotGranted(GrantRefused):
    """This client may not have all the scopes asked for; leave `scope` out to get those it may have."""

    oauth_error = "invalid_scope"


class AssertionMalformed(GrantRefused):
    """The client assertion is no JWT with `iss`, `sub`, `aud`, `exp` and `jti` (RFC 7523, section 3)."""


class AssertionHeaderRefused(GrantRefused):
    """Keys are those you uploaded, never the assertion's; leave out jwk, jku, x5u, x5c, b64 and crit."""


class AssertionTypeRefused(GrantRefused):
    """The assertion's `typ` says it is something else; leave it out or send `JWT`."""


class AssertionAlgorithmRefused(GrantRefused):
    """The assertion's `alg` is not that of your key; sign with EdDSA, ES256 or PS256 as its kind asks."""


class AssertionAudienceRefused(GrantRefused):
    """The assertion's `aud` has to be our `issuer`, as one string; it stands in our published metadata."""


class AssertionExpired(GrantRefused):
    """The assertion has expired; check your clock and sign a fresh one for each request."""


class AssertionNotYetValid(GrantRefused):
    """The assertion's `iat` or `nbf` lies more than 10 seconds ahead; check your clock."""


class AssertionTooLongLived(GrantRefused):
    """The assertion may live for 60 seconds at most; set `exp` closer to `iat`."""


class AssertionNotVerified(GrantRefused):
    """No live key of this client verifies the assertion; check `iss`, `kid` and which key you sign with."""


class AssertionKeyPurposeRefused(GrantRefused):
    """The key that `kid` names has another purpose; sign assertions with a key of purpose `assertion`."""


class AssertionReplayed(GrantRefused):
    """This assertion was used before; sign a fresh one, with a new `jti`, for each request.

    Many for one client may mean that somebody reads its traffic: have it change its key.
    """


class TokenRefused(AccessError):
    """The access token does not let you in; get a new one from `/oauth/token`."""


class TokenMalformed(TokenRefused):
    """This is no access token of ours; get one from `/oauth/token`."""


class TokenNotVerified(TokenRefused):
    """The access token's signature is not ours or serves another purpose; get one from `/oauth/token`."""


class TokenForeign(TokenRefused):
    """The access token was issued for another environment or by another gateway; get one here."""


class TokenExpired(TokenRefused):
    """The access token has expired; get a new one from `/oauth/token`."""


class ClientRevoked(TokenRefused):
    """The client, its key or its terminal was revoked, and its tokens with it; ask your administrator.

    The audit trail of the client says who revoked it and why.
    """


class DpopRefused(TokenRefused):
    """The DPoP proof does not go with this request; sign a fresh one for each (RFC 9449)."""


class DpopProofMissing(DpopRefused):
    """This token is bound to a key: send it as `Authorization: DPoP …`, with one proof in the header `DPoP`."""


class DpopTokenUnbound(DpopRefused):
    """This token is bound to no key; send it as `Authorization: Bearer …`, or ask for one with a DPoP proof."""


class DpopProofMalformed(DpopRefused):
    """The proof is no JWT of type `dpop+jwt` with its public `jwk` in the header, and `jti`, `htm`, `htu`, `iat`."""


class DpopProofNotVerified(DpopRefused):
    """The proof's signature is not by the `jwk` in its header; sign with EdDSA, ES256 or PS256 as its kind asks."""


class DpopMethodMismatch(DpopRefused):
    """The proof's `htm` is not the method of this request."""


class DpopTargetMismatch(DpopRefused):
    """The proof's `htu` is not the address of this request; it is our public address and the path, without query."""


class DpopTokenMismatch(DpopRefused):
    """The proof's `ath` is not the hash of the access token that came with it."""


class DpopKeyMismatch(DpopRefused):
    """The proof was signed by another key than the one this token is bound to.

    Many for one client may mean that its tokens are read by somebody else.
    """


class DpopProofExpired(DpopRefused):
    """The proof was made more than a minute ago; sign a fresh one for each request, and check your clock."""


class DpopProofNotYetValid(DpopRefused):
    """The proof's `iat` lies more than 10 seconds ahead; check your clock."""


class DpopProofReplayed(DpopRefused):
    """This proof was used before; sign a fresh one, with a new `jti`, for each request.

    Many for one client may mean that somebody reads its traffic: have it change its key.
    """


class DpopNonceNeeded(DpopRefused):
    """Put the nonce of the header `DPoP-Nonce` into the claim `nonce` of the next proof, and send it again."""

    def __init__(self, nonce: str) -> None:
        super().__init__(nonce)
        self._nonce = nonce

    @property
    def nonce(self) -> str:
        """For the header; nothing that belongs into the body."""
        return self._nonce


class DpopProofRequired(GrantRefused):
    """This client gets tokens that are bound to a key alone; send a DPoP proof with the token request (RFC 9449)."""

    oauth_error = "invalid_dpop_proof"


class OperatorsSignInElsewhere(GrantRefused):
    """Operators sign in at the bank's identity provider; begin with `POST /admin/v1/sign-ins`."""


class TokenProofRefused(GrantRefused):
    """The DPoP proof of the token request was refused; `proof` says why."""

    oauth_error = "invalid_dpop_proof"

    def __init__(self, why: DpopRefused) -> None:
        super().__init__()
        self.proof = " ".join((why.__doc__ or "").partition("\n\n")[0].split())


class KeyNotProven(AccessError):
    """`proof` does not show that you hold the private key: sign it with the key, for this client and this address."""

    pointer = "/proof"

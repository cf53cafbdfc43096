"""Why an operator does not get in by the bank's identity provider."""


class IdentityError(Exception):
    """The sign-in was refused; begin another one."""


class NoIdentityProvider(IdentityError):
    """Operators do not sign in like this here; they have keys."""


class IdentityProviderUnavailable(IdentityError):
    """The bank's identity provider does not answer as it should; try again in a moment."""


class SignInExpired(IdentityError):
    """This sign-in is too old, not ours or not yours to complete; begin another one."""


class SignInUsed(IdentityError):
    """This sign-in was completed before; begin another one."""


class CodeRefused(IdentityError):
    """The identity provider does not take this code; begin another sign-in."""


class IdTokenNotVerified(IdentityError):
    """The identity provider's token is not signed by a key it publishes."""


class IdTokenForeign(IdentityError):
    """The identity provider's token was issued by another provider, or to another client."""


class IdTokenExpired(IdentityError):
    """The identity provider's token is not good at this time; check both clocks."""


class IdTokenNonceMismatch(IdentityError):
    """The identity provider's token belongs to another sign-in."""


class NoRoleGranted(IdentityError):
    """You have signed in, but none of your groups has a role here; ask whoever keeps the groups.

    OIDC_ROLES says which groups of the identity provider have which roles.
    """


class NoSession(IdentityError):
    """You signed in with a key, which has no session; ask for another token with it."""

"""Operators' sign-in by the bank's identity provider, on the wire."""

from typing import Annotated

from msgspec import Meta, Struct

_Kept = Annotated[str, Meta(max_length=2048, pattern="^[A-Za-z0-9_-]+$", examples=["AYkx3lq0pQ"])]


class BegunSignIn(Struct, frozen=True, kw_only=True):
    """Send the browser to `authorization_url` and keep `sign_in` to yourself until it is back."""

    sign_in: _Kept
    authorization_url: Annotated[
        str, Meta(examples=["https://login.bank.example/authorize?client_id=gateway"])
    ]
    expires_in: Annotated[int, Meta(description="Seconds", examples=[600])]


class CompletedSignIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the browser came back with, beside what was kept."""

    sign_in: _Kept
    state: Annotated[str, Meta(max_length=128, examples=["9X3k2mPq"])]
    code: Annotated[str, Meta(max_length=2048, examples=["SplxlOBeZQQYbYS6WxSbIA"])]

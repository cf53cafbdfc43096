"""The bank's identity provider, which knows the bank's people: OpenID Connect, authorization code with PKCE.

`provider` asks it, `id_token` reads what it says without trust, `sign_in` is the way from one to the other. Nothing
here retries: an operator whose sign-in failed begins another one.
"""

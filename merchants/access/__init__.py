"""Who comes in: clients and their keys, assertions, access tokens, tills.

`clients` keeps principals and the public keys they uploaded (`jwk`); `grant` turns a signed `assertion` into
a token of `tokens`, once (`replay`); `terminals` lets a till in with a one-time code; `live` says whether a
client still may. Nothing here retries: a caller signs a fresh assertion, a till asks for a fresh code.
"""

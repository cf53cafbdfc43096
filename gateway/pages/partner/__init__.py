"""The partner's console: apply, be paid, run offers, watch webhooks.

`entrance` lets somebody in by a key of their browser; `console` says who is here and how a deed ends; every other file
is a few pages of one subject. What is pressed is an operation of `gateway.api`, done with the visitor's own rights.
"""

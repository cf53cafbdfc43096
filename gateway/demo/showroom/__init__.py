"""The showroom: one page on which a phone, a till, an online shop, a partner's book-keeping and a core's ledger live.

Each of them is a customer's own program with its own credentials, and acts through `gateway.client` alone: `phone` is
the backend of a wallet app, `till` a till, `shop` a shop's server, `log` what the partner's consumer has verified,
`ledger` what the bank reads in its core's books, `faults` the sandbox's switches. What each shows is a plain value on
the `board`; `server` serves the page and tells every browser of it. Pictures are read by a decoder (`scanner`), from
the pixels that the browser shows or its camera sees; no code is handed over behind the pictures' backs.

Whoever opens the page shares the one phone and the one till with all others, as one does in a showroom.
"""

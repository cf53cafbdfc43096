"""The session of an online order: what a hosted page shows, and what the shop is told of it.

Who plays: `opening.py` takes an order in and lets a declined one be tried again, each attempt a payment of
`gateway.payments` like any other; `ending.py` follows the payments and lets time run out; `result.py` signs what the
browser carries back to the shop, to an address that `return_urls.py` has allowed. `page_key.py` makes the page's
address one that nobody guesses. Who retries: the worker, for sessions whose time is over; all else is decided in the
transactions of the payments themselves.
"""

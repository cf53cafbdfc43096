"""A real wallet core of our own, so that the gateway is never shown a make-believe one.

It is another system: it has its own database, its own process and its own HTTP server, and knows of the
gateway only its public keys. Banks have theirs; this one serves the sandbox, the demo, the tests and the
benchmark.

schema/     the books: double entry in PostgreSQL, which refuses what does not sum to zero
ledger.py   the calls into the books, and the one repetition here: a deadlock, whose victim did nothing
rows.py     between the contract's messages and the books' rows
gate.py     who may call: tokens that cover the request
server.py   HTTP, and the sandbox's bad manners (lost replies, HTML, slowness)
sandbox.py  how a sandbox wallet can behave, and what the controls are told
"""

"""Talks to the banks' wallet cores, the systems that own "was money moved".

core.py       what we say to a core and what it can answer: Transfer, Leg, the outcomes, the Core protocol
contract.*    what goes over HTTP: the published contract, and its messages as types
rest.py       the protocol over HTTP, against contract.yaml
routing.py    which core holds a payer, and whether it can be asked right now
conformance/  what every core must honour, as checks that run against any Core
reference/    another system: a real double-entry core with its own database and HTTP server

Nobody here decides about a payment and nobody here retries, with one exception: rest.py repeats a
connection that was refused, because nothing can have been said on it. Everything else that is unclear
comes back as `Unknown`, and gateway/transfers, the only caller, asks again until the core has answered.
"""

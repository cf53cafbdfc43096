"""Co-branded offers: who gets what off, who pays for it, and the budgets that bound it.

`offer.py` and `terms.py` are the contract both sides accept, `quote.py` and `stacking.py` find the best result for a
payer without touching the database, `reserving.py` claims it inside the payment's own transactions and
`reservations.py` ends it, `life.py` is the way of an offer from draft to end, `clawback.py` what a refund takes from
whom.
Nothing here pays: `gateway.payments` turns shares into legs. Nobody here retries either; a reservation has no
expiry, only its payment's transition ends it, and what sweeps is the payments' resolver.
"""

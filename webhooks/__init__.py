"""Tells partners what happened, in a way they can settle money on.

Who plays: a floor above calls `outbox.publish` inside the transaction that changes its state, so an
event exists exactly when the change does. `deliver.Deliverer` later claims one row per (event, endpoint)
under a lease, `sender` posts it through `address_guard`, and `retry` decides when to try again.
`endpoints` and `replay` are what a partner does to its own rows.

Who retries: only the deliverer, by the schedule in `retry.py`; a process that dies hands its work on by
losing its lease. This floor imports nothing of ours: connections, ids, sealing and keys are given to it.
"""

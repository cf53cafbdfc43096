"""The door: HTTP comes in here, and nothing behind it knows about HTTP.

An operation is declared once (`operation.py`); routing, validation, access, idempotency, problems and
`openapi.yaml` all follow from that declaration. `endpoint.py` tells one request's story. The door retries
nothing: a caller repeats with the same `Idempotency-Key`.
"""

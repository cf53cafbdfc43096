"""Proofs that take minutes: `make prove`, or `python -m tests.prove NAME`. Each prints its figures.

`shoppers` are the load and remember what they were told; `books` compares gateway and core transfer by transfer.
`tests/stories/test_kills.py` runs the same in short, inside `make test`. `forgeries` need no city: codes are pure.
"""

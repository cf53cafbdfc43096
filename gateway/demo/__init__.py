"""The demo: the whole of the main job, told by those who use it, over real processes, sockets and signatures.

It is a customer. It starts the product's own commands (processes.py, sandbox.py), speaks through `gateway.client`
alone, reads codes from pictures as a till's scanner does (pictures.py), and checks every amount, signature and
account that it tells of (checks.py): a story that does not hold ends with exit code 1. Nobody retries but the client.

`play.py` begins; `story.py` is the table of contents; `joining.py`, `paying.py` and `doubting.py` are the chapters.
"""

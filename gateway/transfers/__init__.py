"""Every instruction to a wallet core, from its first sending to its final answer.

An owner (a payment, a refund) writes its transfer in its own transaction with `transfer.insert`. `submit` sends it
at once; `resolve` picks up what a crash or a silent core left open, queries, sends again and at last reverses. Both
hand the answer to the owner's `conclude`. Retries happen here and nowhere above.
"""

"""Payments and refunds: accepted, submitted to a wallet core, concluded.

`pay` is the story. `confirm`, `cancel` and `refund` are its variations, `payment` holds the states and the one
table of what may follow what. Nobody here calls a core: `gateway.transfers` does, and retries; nobody here retries.
"""

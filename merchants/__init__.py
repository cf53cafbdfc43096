"""Floor 2: who may take the wallet, where, with which keys, and under which co-branded offers.

Money and ids live here too, because every floor above counts in them.
"""

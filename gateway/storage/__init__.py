"""PostgreSQL and nothing else: pools, notices, migrations, and an embedded server where none is given.

Nobody here retries a statement: a caller that lost its connection re-reads and decides. Only start-up waits.
"""

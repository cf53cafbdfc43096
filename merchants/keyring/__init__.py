"""The gateway's own signing keys, one set for each purpose, shared by all replicas through PostgreSQL.

`Keyring` holds them in memory, `Signer` signs with one of them, `sql` stores them sealed. The app refreshes
the ring now and then; a token signed by a key this replica has not seen yet makes it look at once, so nobody
retries. A key is published before it signs and verifies until the last thing it signed has expired.
"""

from merchants.keyring.keyring import Keyring
from merchants.keyring.signer import Purpose, Signer

__all__ = ["Keyring", "Purpose", "Signer"]

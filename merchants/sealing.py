"""What must not be readable in a dump is sealed here before it reaches the database.

Every record is encrypted with AES-256-GCM under a data key of its own; the data key is wrapped under the
master key (AES key wrap, RFC 3394: deterministic, so no nonce can run out). The owner is authenticated with
the record: a sealed value copied into another tenant's row does not open. A KMS adapter takes the place of
`_wrap` and `_unwrap`; nothing else touches the master key.

Envelope: version (1 byte), master key id (4), wrapped data key (40), nonce (12), ciphertext and tag.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

MASTER_KEY_BYTES = 32

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_WRAPPED_BYTES = 40
_NONCE_BYTES = 12
_WRAPPED_AT = len(_VERSION) + _KEY_ID_BYTES
_NONCE_AT = _WRAPPED_AT + _WRAPPED_BYTES
_CIPHERTEXT_AT = _NONCE_AT + _NONCE_BYTES


class SealBroken(Exception):
    """A sealed value does not open: it was altered, belongs to another owner, or its master key is gone."""


class Sealing:
    """Seals and reveals under one master key; retired ones still reveal until every row is sealed anew."""

    def __init__(self, master_key: bytes, *, retired: Sequence[bytes] = ()) -> None:
        every = [_MasterKey(key) for key in (master_key, *retired)]
        self._current = every[0]
        self._by_id = {key.id: key for key in every}
        self._index_keys = [_derive(key.secret, b"index") for key in every]

    def seal(self, clear: bytes, *, owner: str) -> bytes:
        """Encrypt for one owner (a tenant, client or key id), who must be named again to reveal."""
        data_key, nonce = os.urandom(32), os.urandom(_NONCE_BYTES)
        header = _VERSION + self._current.id
        sealed = AESGCM(data_key).encrypt(nonce, clear, header + owner.encode())
        return header + aes_key_wrap(self._current.wrapping, data_key) + nonce + sealed

    def reveal(self, sealed: bytes, *, owner: str) -> bytes:
        """The clear bytes of what was sealed for this owner.

        Raises:
            SealBroken: altered, sealed for another owner, or under a master key we no longer hold.
        """
        header, wrapped = sealed[:_WRAPPED_AT], sealed[_WRAPPED_AT:_NONCE_AT]
        master = self._by_id.get(header[1:])
        if master is None or not header.startswith(_VERSION):
            raise SealBroken
        nonce, ciphertext = sealed[_NONCE_AT:_CIPHERTEXT_AT], sealed[_CIPHERTEXT_AT:]
        try:
            data_key = aes_key_unwrap(master.wrapping, wrapped)
            return AESGCM(data_key).decrypt(nonce, ciphertext, header + owner.encode())
        except (InvalidTag, InvalidUnwrap, ValueError):
            raise SealBroken from None

    @property
    def prefix(self) -> bytes:
        """What everything begins with that stands under the newest master key; rotation passes it by."""
        return _VERSION + self._current.id

    def is_current(self, sealed: bytes) -> bool:
        return sealed.startswith(self.prefix)

    def index(self, text: str, *, purpose: str) -> bytes:
        """A keyed hash to store beside a sealed text, for exact search; purposes do not mix."""
        return _hash(self._index_keys[0], purpose, text)

    def indexes(self, text: str, *, purpose: str) -> list[bytes]:
        """The hash under every master key, newest first: search with `= ANY` while a rotation runs."""
        return [_hash(key, purpose, text) for key in self._index_keys]


class _MasterKey:
    """A master key is used only through keys derived from it, one for each use; its id reveals nothing."""

    def __init__(self, secret: bytes) -> None:
        assert len(secret) == MASTER_KEY_BYTES, "a master key has 32 bytes"
        self.secret = secret
        self.wrapping = _derive(secret, b"wrap")
        self.id = _derive(secret, b"id")[:_KEY_ID_BYTES]


def _derive(secret: bytes, use: bytes) -> bytes:
    """HKDF-Expand of one block (RFC 5869): the master key is uniformly random, so nothing to extract."""
    return hmac.digest(secret, b"merchant-gateway/sealing/" + use + b"\x01", hashlib.sha256)


def _hash(key: bytes, purpose: str, text: str) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\x00" + text.encode(), hashlib.sha256)

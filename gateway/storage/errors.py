"""What can go wrong with the storage; each docstring is the sentence the operator reads."""


class StorageError(Exception):
    """The database cannot be used."""


class DatabaseUnreachable(StorageError):
    """The database did not answer in the start-up time; check DATABASE_URL, DATABASE_DIRECT_URL and the server."""


class EmbeddedPostgresFailed(StorageError):
    """The embedded PostgreSQL could not be started; its log says why."""

"""How a command that cannot start says so: one sentence for the operator instead of a stack."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import click
from asyncpg.exceptions import ClientConfigurationError

from gateway.storage.errors import StorageError

_REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
_NOT_MIGRATED = (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.UndefinedColumnError)


@contextmanager
def starting() -> Iterator[None]:
    """Around all that a process does; only what it meets before it serves ends up here."""
    try:
        yield
    except StorageError as error:
        raise click.ClickException(str(error) or type(error).__doc__ or "") from None
    except _REFUSED as error:
        raise click.ClickException(f"The database refuses us: {error}; check DATABASE_URL.") from None
    except ClientConfigurationError as error:
        raise click.ClickException(f"DATABASE_URL or DATABASE_DIRECT_URL cannot be used: {error}.") from None
    except _NOT_MIGRATED as error:
        raise click.ClickException(
            f"The database lacks what it should have ({error}); run `gateway migrate`."
        ) from None

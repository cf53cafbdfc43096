"""Papers to upload, and papers to keep that were opened."""

import mimetypes
from pathlib import Path

import click

from gateway.cli.identity import Unreadable, write_private

_LARGEST = 5 * 1024 * 1024

page = click.option(
    "--page",
    type=click.IntRange(1, 20),
    default=1,
    show_default=True,
    help="Of several papers of one kind: the other side, the next owner's, the next page.",
)
keep_as = click.option(
    "--save", type=click.Path(path_type=Path), required=True, help="Where to keep it; for you alone to read."
)


def read_paper(file: Path) -> tuple[bytes, str]:
    """A file and its media type, by its name.

    Raises:
        ClickException
    """
    media_type, _ = mimetypes.guess_type(file.name)
    try:
        if file.stat().st_size > _LARGEST:
            raise click.ClickException(f"{file} has more than 5 MB")
        return file.read_bytes(), media_type or "application/octet-stream"
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from None


def keep_paper(file: Path, content: bytes) -> None:
    """What a reviewer opened shows people's data, so that nobody else may read the file."""
    write_private(file, content)
    click.echo(f"{file}: {len(content)} bytes")

"""As many open files as the system lets us have: each delivery under way is a socket."""

import resource


def allow_open_files() -> None:
    """Raise the soft limit, often 1,024 for the sake of programs that use `select`, to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

"""How much processor time each part of the system took."""

from collections.abc import Mapping

import psutil

# A process and all its children: PostgreSQL is one for each connection.
Parts = Mapping[str, int]


def taken_s(parts: Parts) -> dict[str, float]:
    """Seconds of processor, user and system, that each part has taken since it began."""
    return {name: _of_family(pid) for name, pid in parts.items()}


def _of_family(pid: int) -> float:
    parent = psutil.Process(pid)
    own = parent.cpu_times()
    # What children took that have ended meanwhile is on their parent's account.
    total = own.user + own.system + own.children_user + own.children_system
    return float(total) + sum(_of_one(child) for child in parent.children(recursive=True))


def _of_one(process: psutil.Process) -> float:
    try:
        own = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(own.user + own.system)

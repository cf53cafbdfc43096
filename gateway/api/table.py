"""Every operation there is; `app.py` builds both listeners from this list, and `openapi.yaml` too."""

from gateway.door.operation import Operation

OPERATIONS: tuple[Operation, ...] = ()

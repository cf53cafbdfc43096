"""What people see in a browser; each page is a handler that the door serves beside the operations.

`frame` renders a template with its headers, in the browser's language (`language`, `texts`), with amounts and times as
that language writes them (`figures`); `assets` serves style sheets and scripts; `live` keeps a page told of what
changes. `sheet` and `shelf` need nothing of the gateway: the demo, which is a customer, draws on them, too.

Pages do nothing by themselves: what somebody presses is an operation of `gateway.api`, called at `door.counter` under
that person's own rights, so a page can do no more than the API, and is refused in its words.
"""

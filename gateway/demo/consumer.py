"""A partner's webhook consumer: a program of its own that trusts nothing but the public `standardwebhooks` package.

Run as `python -m gateway.demo.consumer PORT` with WEBHOOK_SECRET in the environment. Prints a JSON line for each
request: what was verified, or that it was refused; and one as soon as it listens. `PUT /out-of-order` with `true` lets
it answer 503 to everything, as a server does whose database is gone, until `false` comes.
"""

import json
import os
import sys
from dataclasses import dataclass

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def main() -> None:
    """Listen until SIGTERM."""
    port = int(sys.argv[1])
    app = web.Application()
    app[_WEBHOOK] = Webhook(os.environ["WEBHOOK_SECRET"])
    app[_DONE] = set()
    app[_TROUBLE] = Trouble()
    app.router.add_post("/webhooks", receive)
    app.router.add_put("/out-of-order", break_down)
    web.run_app(
        app, host="127.0.0.1", port=port, access_log=None, print=lambda *_: _print({"listening": port})
    )


async def receive(request: web.Request) -> web.Response:
    """Verify, and do each event once however often it comes."""
    body = await request.text()
    headers = {name: request.headers.get(name, "") for name in _HEADERS}
    try:
        event = request.app[_WEBHOOK].verify(body, headers)
    except WebhookVerificationError as error:
        _print({"verified": False, "why": str(error), "body": body})
        return web.Response(status=400)
    status = 503 if request.app[_TROUBLE].out_of_order else 204
    first = headers["webhook-id"] not in request.app[_DONE]
    if status == 204:  # noqa: PLR2004 - what a webhook's receiver says when all is well
        request.app[_DONE].add(headers["webhook-id"])
    told = {"event": event, "headers": headers, "body": body}
    _print({"verified": True, "answered": status, "first": first, **told})
    return web.Response(status=status)


async def break_down(request: web.Request) -> web.Response:
    """Its people pull a plug, or put it back."""
    request.app[_TROUBLE].out_of_order = await request.json() is True
    return web.Response(status=204)


@dataclass(slots=True)
class Trouble:
    """Whether it is out of order."""

    out_of_order: bool = False


def _print(line: object) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


_WEBHOOK = web.AppKey("webhook", Webhook)
_DONE = web.AppKey("done", set[str])
_TROUBLE = web.AppKey("trouble", Trouble)

if __name__ == "__main__":
    main()

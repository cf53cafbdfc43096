"""A partner's webhook consumer: a program of its own that trusts nothing but the public `standardwebhooks` package.

Run as `python -m gateway.demo.consumer PORT` with WEBHOOK_SECRET in the environment. Prints a JSON line for each
request: what was verified, or that it was refused; and one as soon as it listens.
"""

import json
import os
import sys

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def main() -> None:
    """Listen until SIGTERM."""
    port = int(sys.argv[1])
    app = web.Application()
    app[_WEBHOOK] = Webhook(os.environ["WEBHOOK_SECRET"])
    app[_SEEN] = set()
    app.router.add_post("/webhooks", receive)
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
        _print({"verified": False, "why": str(error)})
        return web.Response(status=400)
    if headers["webhook-id"] not in request.app[_SEEN]:
        request.app[_SEEN].add(headers["webhook-id"])
        _print({"verified": True, "event": event, "headers": headers, "body": body})
    return web.Response(status=204)


def _print(line: object) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


_WEBHOOK = web.AppKey("webhook", Webhook)
_SEEN = web.AppKey("seen", set[str])

if __name__ == "__main__":
    main()

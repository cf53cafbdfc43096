"""Webhook endpoints: made, watched, tested, changed, and told again what they missed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, get_args

from aiohttp import web

from gateway.api import deliveries, events, webhook_endpoints
from gateway.door.errors import RequestInvalid
from gateway.door.listeners import Page
from gateway.pages.partner import forms
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.partner.front import is_failing
from gateway.pages.texts import mark
from gateway.pages.typed import CHINA
from gateway.wire.problem import Fault
from gateway.wire.webhooks import DeliveryState

_PAGE: Final = 25
_URL: Final = f"{HOME}/webhooks"
FILTERS: Final = (
    ("payment.*", mark("Payments")),
    ("refund.*", mark("Refunds")),
    ("discount.*", mark("Discounts")),
    ("offer.*", mark("Co-branded offers")),
    ("checkout.*", mark("Checkout")),
    ("merchant.*", mark("Merchants")),
    ("endpoint.*", mark("Endpoints")),
)
# A thousand events a call; who missed more presses again, and goes on where this ended.
_CALLS: Final = 5


def webhook_pages(console: Console) -> tuple[Page, ...]:
    one, delivery = f"{_URL}/{{endpoint_id}}", f"{HOME}/deliveries/{{delivery_id}}"
    return (
        console.page(_URL, show_endpoints),
        console.deed(_URL, create, back=show_endpoints),
        console.page(one, show_endpoint),
        console.deed(f"{one}/change", change, back=show_endpoint),
        console.deed(f"{one}/test", test, back=show_endpoint),
        console.deed(f"{one}/rotate", rotate, back=show_endpoint),
        console.deed(f"{one}/recover", recover, back=show_endpoint),
        console.deed(f"{one}/disable", disable, back=show_endpoint),
        console.deed(f"{one}/delete", delete, back=show_endpoint),
        console.deed(f"{one}/replay", replay, back=show_endpoint),
        console.page(delivery, show_delivery),
        console.deed(f"{delivery}/resend", resend, back=show_delivery),
        console.deed(f"{delivery}/skip", skip, back=show_delivery),
    )


async def show_endpoints(here: Here) -> web.StreamResponse:
    found = await here.do(webhook_endpoints.list_webhook_endpoints)
    return here.draw("webhooks.html", endpoints=found.items, is_failing=is_failing, filters=FILTERS)


async def create(here: Here) -> web.StreamResponse:
    """Its secret is in this answer and nowhere else; sent again within ten minutes, it is the same."""
    made = await here.do(
        webhook_endpoints.create_webhook_endpoint, body=_wishes(here.form), key=here.form.get("key")
    )
    return await _endpoint(here, made.id, secret=made.secret)


async def show_endpoint(here: Here) -> web.StreamResponse:
    return await _endpoint(here, here.path["endpoint_id"])


async def change(here: Here) -> str:
    await here.do(webhook_endpoints.change_webhook_endpoint, path=here.path, body=_wishes(here.form))
    return _back(here)


async def test(here: Here) -> str:
    """A ping; its delivery says what came back."""
    sent = await here.do(webhook_endpoints.test_webhook_endpoint, path=here.path, key=here.form.get("key"))
    return f"{HOME}/deliveries/{sent.id}"


async def rotate(here: Here) -> web.StreamResponse:
    made = await here.do(webhook_endpoints.rotate_webhook_secret, path=here.path, key=here.form.get("key"))
    return await _endpoint(here, here.path["endpoint_id"], secret=made.secret)


async def recover(here: Here) -> str:
    await here.do(webhook_endpoints.recover_webhook_endpoint, path=here.path, key=here.form.get("key"))
    return _back(here)


async def disable(here: Here) -> str:
    await here.do(webhook_endpoints.change_webhook_endpoint, path=here.path, body={"disabled": True})
    return _back(here)


async def delete(here: Here) -> str:
    await here.do(webhook_endpoints.delete_webhook_endpoint, path=here.path)
    return _URL


async def replay(here: Here) -> str:
    """Everything of a window, call after call under a key of its own; what is left over is said."""
    form, count, after = here.form, 0, here.form.get("after") or None
    wanted: dict[str, Any] = {
        "since": _moment(form.get("since", ""), pointer="/since"),
        "until": _moment(form.get("until", ""), pointer="/until"),
        "event_types": _chosen(form),
    }
    for turn in range(_CALLS):
        done = await here.do(
            events.replay_events,
            path=here.path,
            body={**wanted, "after": after},
            key=f"{form.get('key')}-{turn}",
        )
        count, after = count + done.count, done.next_after
        if after is None:
            break
    return f"{_back(here)}?replayed={count}" + (f"&after={after}" if after else "") + "#deliveries"


async def show_delivery(here: Here) -> web.StreamResponse:
    """What was sent and what came back, all of it as text; while it is under way, the page looks again."""
    found = await here.do(deliveries.read_delivery, path={"delivery_id": here.path["delivery_id"]})
    endpoint = await here.do(webhook_endpoints.read_webhook_endpoint, path={"endpoint_id": found.endpoint_id})
    response = here.draw("delivery.html", delivery=found, endpoint=endpoint, readable=forms.readable)
    if found.state in {"pending", "sending"} and not found.attempts:
        response.headers["Refresh"] = "2"
    return response


async def resend(here: Here) -> str:
    await here.do(deliveries.resend_delivery, path=here.path, key=here.form.get("key"))
    return f"{HOME}/deliveries/{here.path['delivery_id']}"


async def skip(here: Here) -> str:
    await here.do(deliveries.skip_delivery, path=here.path, key=here.form.get("key"))
    return f"{HOME}/deliveries/{here.path['delivery_id']}"


async def _endpoint(here: Here, endpoint_id: str, *, secret: str | None = None) -> web.StreamResponse:
    query, path = here.request.query, {"endpoint_id": endpoint_id}
    state = query.get("state", "")
    state = state if state in get_args(DeliveryState) else ""
    endpoint = await here.do(webhook_endpoints.read_webhook_endpoint, path=path)
    asked = {"limit": _PAGE, "state": state, "cursor": query.get("cursor")}
    return here.draw(
        "webhook.html",
        endpoint=endpoint,
        secret=secret,
        failing=is_failing(endpoint),
        found=await here.do(deliveries.list_deliveries, path=path, query=asked),
        state=state,
        states=get_args(DeliveryState),
        filters=FILTERS,
        replayed=_number(query.get("replayed", "")),
        after=query.get("after", ""),
    )


def _wishes(form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "url": form.get("url", "").strip(),
        "description": form.get("description", "").strip(),
        "event_types": _chosen(form),
        "strict_order": "strict_order" in form,
    }


def _chosen(form: Mapping[str, str]) -> list[str]:
    """The ticked filters, and others that stand there already."""
    known = {name for name, _ in FILTERS}
    more = [one for one in form.get("more_types", "").replace(",", " ").split() if one not in known]
    return [name for name, _ in FILTERS if f"type:{name}" in form] + more


def _moment(text: str, *, pointer: str) -> str | None:
    """A field's day and time, which are the business's, in RFC 3339.

    Raises:
        RequestInvalid: it is none.
    """
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=CHINA).isoformat()
    except ValueError:
        fault = Fault(pointer=pointer, code="invalid", detail=mark("Give a day and a time."))
        raise RequestInvalid([fault]) from None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("1000000") else None


def _back(here: Here) -> str:
    return f"{_URL}/{here.path['endpoint_id']}"

"""A QR code that stands in its page: what it holds is shown once, so that it can have no address of its own."""

from typing import Final

from markupsafe import Markup

from qr.symbol import Ecc, draw

_QUIET_MODULES: Final = 4


def symbol(payload: str) -> Markup:
    """Dark on light in either theme, one path, no style; whoever draws it names it."""
    drawn = draw(payload, Ecc.M)
    whole = drawn.size + 2 * _QUIET_MODULES
    squares = "".join(
        f"M{column + _QUIET_MODULES} {row + _QUIET_MODULES}h1v1h-1z"
        for row, bits in enumerate(drawn.rows)
        for column, one in enumerate(f"{bits:0{drawn.size}b}")
        if one == "1"
    )
    return Markup(
        '<svg viewBox="0 0 {0} {0}" class="symbol" aria-hidden="true" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{0}v{0}H0z"/><path fill="#000" d="{1}"/></svg>'
    ).format(whole, squares)

"""What the exhibits refuse by themselves; the gateway's own refusals are shown in its words."""


class Refused(Exception):
    """Something cannot be done now. The class's name is the code that the page has words for."""

    @property
    def code(self) -> str:
        return "".join(f"_{one.lower()}" if one.isupper() else one for one in type(self).__name__)[1:]


class NothingRead(Refused):
    """There is no code in the picture."""


class SeveralRead(Refused):
    """There is more than one code in the picture."""


class PictureUnreadable(Refused):
    """This is no picture that the scanner takes."""


class AmountUnclear(Refused):
    """An amount is written as 128 or 128.00, above zero."""


class NobodyWaits(Refused):
    """Nothing waits for this here any more."""


class CartEmpty(Refused):
    """There is nothing in the cart."""


class NotOurWord(Refused):
    """What the browser brought back from the checkout is not signed by the gateway, or of another order."""


class CoreSilent(Refused):
    """The wallet core does not answer."""

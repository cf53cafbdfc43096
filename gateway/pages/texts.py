"""Translations, read from the `.po` files of `locale/` as they are (GNU gettext); English is what templates say.

Every section of pages has a file of its own, `locale/zh_CN/<section>.po`; what operations refuse is in `problems.po`. A
test fails when a text of a template, one that Python marks or a refusal that a page can show has no translation, or a
translation no text.
"""

from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from gateway.pages.language import Language


class Translations(NullTranslations):
    """Texts by their English originals; one without a translation is shown in English."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def gettext(self, message: str) -> str:
        return self._texts.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Chinese has one form for all numbers."""
        if msgid1 in self._texts:
            return self._texts[msgid1]
        return msgid1 if n == 1 else msgid2


@cache
def translations(language: Language) -> Translations:
    """All sections' texts in one language."""
    if language == "en":
        return Translations({})
    texts: dict[str, str] = {}
    for catalog in catalogs():
        for message in catalog:
            if message.id:
                texts[_first(message.id)] = _first(message.string)
    return Translations(texts)


def catalogs() -> list[Catalog]:
    """The Chinese ones, one a section."""
    folder = files("gateway.pages") / "locale" / "zh_CN"
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".po")), key=lambda one: one.name)
    return [read_po(BytesIO(one.read_bytes()), locale="zh_CN") for one in found]


def mark(text: str) -> str:
    """Say in Python that this text is to be translated where it is shown."""
    return text


def _first(text: object) -> str:
    """A plural's first form stands for all."""
    return str(text[0]) if isinstance(text, list | tuple) else str(text)

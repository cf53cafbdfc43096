"""Every text of a page is there in both languages."""

import re
from collections.abc import Iterator
from importlib import import_module
from inspect import isclass, ismodule
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from babel.messages.extract import extract
from babel.messages.pofile import read_po

import gateway.pages
from gateway.api.table import OPERATIONS
from gateway.checkout.errors import CheckoutError
from gateway.door import problems
from gateway.door.errors import DoorError
from gateway.door.operation import Operation
from gateway.identity.errors import IdentityError
from gateway.pages.sheet import templates
from gateway.pages.shelf import Shelf
from gateway.pages.texts import translations
from merchants.access.errors import GrantRefused
from merchants.offers.errors import FAULTS

PAGES = Path(gateway.pages.__file__).parent
_JINJA = {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
_PLACE = re.compile(r"%\((\w+)\)s")


def written() -> set[str]:
    """English texts of templates, and those that Python marks."""
    return {
        *_of("*.html", "jinja2.ext:babel_extract", {"_": None, "gettext": None, "ngettext": (1, 2)}),
        *_marked(),
    }


def _of(pattern: str, method: str, keywords: dict[str, tuple[int, ...] | None]) -> Iterator[str]:
    for path in sorted(PAGES.rglob(pattern)):
        with path.open("rb") as file:
            for _, message, _, _ in extract(method, file, keywords=keywords, options=_JINJA):
                yield message[0] if isinstance(message, tuple) else message


def _marked() -> Iterator[str]:
    yield from _of("*.py", "python", {"mark": None})


def translated() -> dict[str, str]:
    return {text: said for _, text, said in _translations()}


def _translations() -> Iterator[tuple[str, str, str]]:
    """Section, text and translation; a plural's first form stands for all."""
    for path in sorted((PAGES / "locale" / "zh_CN").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_CN"):
                if message.id:
                    yield path.stem, _first(message.id), _first(message.string)


def _first(text: object) -> str:
    return str(text[0]) if isinstance(text, list | tuple) else str(text)


def refusals() -> set[str]:
    """Titles and details of problems, which a page may show, and of what offers say is wrong with them."""
    declared = {problem for one in OPERATIONS for problem in one.problems}
    known = {one for family in problems.STATUS for one in _family(family)}
    return _words_of(declared | known) | set(FAULTS.values())


def shown_refusals() -> set[str]:
    """Of these, what a page can come to show.

    By operations of whichever rooms of the API it uses, by the door, by signing in, by a checkout that is tried again,
    and by what pages themselves refuse.
    """
    found: set[Any] = set()
    for family in (DoorError, IdentityError, GrantRefused, CheckoutError):
        found.update(_family(family))
    for module in walk_packages(gateway.pages.__path__, "gateway.pages."):
        for named in vars(import_module(module.name)).values():
            is_room = ismodule(named) and named.__name__.startswith("gateway.api.")
            operations = vars(named).values() if is_room else [named]
            found.update(error for one in operations if isinstance(one, Operation) for error in one.problems)
            if isclass(named) and issubclass(named, Exception):
                found.add(named)
    return _words_of(found) | set(FAULTS.values())


def _family(error: type[Exception]) -> Iterator[type[Exception]]:
    """It and what descends from it; not what other tests make up, which no page of ours refuses."""
    yield error
    for one in error.__subclasses__():
        if not one.__module__.startswith("tests."):
            yield from _family(one)


def _words_of(errors: set[type[Exception]]) -> set[str]:
    kinds = (problems.kind_of(one) for one in errors)
    return {text for kind in kinds if kind is not None for text in (kind.title, kind.detail)}


def test_every_text_of_a_page_is_translated_and_no_translation_is_left_over() -> None:
    texts, done = written(), translated()
    assert sorted(texts - {text for text, said in done.items() if said}) == []
    assert sorted(set(done) - texts - refusals()) == []


def test_whatever_a_page_can_refuse_is_said_in_chinese_as_well() -> None:
    said = translated()
    assert sorted(text for text in shown_refusals() if not said.get(text)) == []


def test_a_translation_names_what_its_original_names() -> None:
    assert [
        text for text, said in translated().items() if set(_PLACE.findall(text)) != set(_PLACE.findall(said))
    ] == []


def test_a_text_without_a_translation_is_shown_in_english() -> None:
    assert translations("zh-CN").gettext("nobody wrote this") == "nobody wrote this"


def test_a_text_that_turns_out_to_be_somebodys_data_is_no_markup() -> None:
    made = templates(Shelf(), "sandbox", "en")
    for source in ("{{ _(data) }}", "{{ wording(data) }}", "{{ ngettext(data, data, 2) }}"):
        assert "<" not in made.from_string(source).render(data="<img src=x>")
    assert made.from_string("{{ wording(data) }}").render(data="12 % & more") == "12 % &amp; more"


def test_no_text_breaks_where_its_places_are_filled_in() -> None:
    """Jinja2 formats every text: a percent sign that is meant as one is written twice."""
    places = dict.fromkeys(("num", "count"), 1)
    for text, said in translated().items():
        if text not in refusals():
            filled = {**places, **dict.fromkeys(_PLACE.findall(text), 1)}
            assert (text % filled, said % filled) != ("", ""), text


def test_sections_that_share_a_text_translate_it_alike() -> None:
    """All sections are read into one table: the last would speak for the others."""
    said: dict[str, set[str]] = {}
    for _, text, translation in _translations():
        said.setdefault(text, set()).add(translation)
    assert {text: ways for text, ways in said.items() if len(ways) > 1} == {}

"""HTML over which parsers take minutes or gigabytes.

The standard library's begins anew at each tag that is open where the text ends: 30,000 of them, in 90 kB, take it
minutes. A formatting element that is never closed goes on in each block after it (HTML 13.2.4.3): 3,000 of each, in
40 kB, are nine million elements and 2.5 GB.
"""

import re
from collections import Counter

from domain.errors import TemplateInvalid

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_MOST_UNCLOSED = 100  #: of a page that was cut off there are one or two
_MOST_REPEATED = 500_000  #: elements written anew; a newsletter of 500 kB comes to a fifth of it


def check_markup(place: str, html: str) -> None:
    """Refuses HTML that is never closed.

    Raises:
        TemplateInvalid: it breaks off in the middle of tags, or repeats formatting elements without end; says where.
    """
    end = html.rfind(">") + 1
    if (unclosed := html.count("<", end)) > _MOST_UNCLOSED:
        line = html.count("\n", 0, end) + 1
        raise TemplateInvalid(f"{place}, line {line}: {unclosed} tags begin here and never end")
    _check_formatting(place, html)


def _check_formatting(place: str, html: str) -> None:
    open_elements: Counter[str] = Counter()
    open_count = repeated = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name not in _FORMATTING:
            repeated += 0 if tag[1] else open_count
        elif not tag[1]:
            open_elements[name] += 1
            open_count += 1
        elif open_elements[name]:
            open_elements[name] -= 1
            open_count -= 1
        if repeated > _MOST_REPEATED:
            line = html.count("\n", 0, tag.start()) + 1
            raise TemplateInvalid(f"{place}, line {line}: {open_count} elements such as <b> are open; close them")

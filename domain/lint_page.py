"""What the content lint needs to know of a page of HTML, read in one pass."""

from dataclasses import dataclass
from html.parser import HTMLParser

_ACTIVE = frozenset({"script", "form", "iframe", "object", "embed", "applet", "base"})
_SILENT = frozenset({"style", "script", "title"})


@dataclass(frozen=True, slots=True)
class Page:
    text: str  #: what a reader sees, hidden or not
    labelled_links: tuple[tuple[str, str], ...]  #: target and words of each link
    images: int
    images_without_alt: int
    language: str
    active: frozenset[str]  #: what mail programs refuse, in words: "<script>", "an onclick handler"

    @property
    def hrefs(self) -> frozenset[str]:
        return frozenset(href for href, _ in self.labelled_links)


def page_of(html: str) -> Page:
    """What is on the page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(
        text=" ".join(" ".join(reader.words).split()),
        labelled_links=tuple((href, " ".join(label)) for href, label in reader.links),
        images=reader.images,
        images_without_alt=reader.images_without_alt,
        language=reader.language,
        active=frozenset(reader.active),
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[tuple[str, list[str]]] = []
        self.images = 0
        self.images_without_alt = 0
        self.language = ""
        self.active: set[str] = set()
        self._silent = 0
        self._in_link = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _ACTIVE:
            self.active.add(f"<{tag}>")
        self.active.update(f"an {name} handler" for name in given if name.startswith("on"))
        self._silent += tag in _SILENT
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag in {"a", "area"}:
            self._in_link = tag == "a"
            self.links.append((given.get("href") or "", []))
        if tag == "img":
            self._take_image(given)

    def _take_image(self, given: dict[str, str | None]) -> None:
        self.images += 1
        self.images_without_alt += "alt" not in given

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        self._in_link = self._in_link and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words.append(data)
        if self._in_link and self.links:
            self.links[-1][1].append(data)

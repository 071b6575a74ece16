"""Which opens and clicks are no person's, and by which sign."""

from __future__ import annotations

import pytest

from domain.machine_readers import MachineSign, Visit, machine_sign

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
S = MachineSign


def opened(user_agent: str = FIREFOX, method: str = "GET", after_s: float | None = None) -> Visit:
    return Visit(is_click=False, method=method, user_agent=user_agent, after_s=after_s)


def clicked(user_agent: str = FIREFOX, method: str = "GET", after_s: float | None = None, **counts: int) -> Visit:
    return Visit(is_click=True, method=method, user_agent=user_agent, after_s=after_s, **counts)


@pytest.mark.parametrize(
    ("visit", "sign"),
    [
        (opened(), None),
        (opened(IPHONE), None),
        (opened(OUTLOOK), None),
        (opened(GMAIL), None),
        (opened(GMAIL, after_s=9), S.PREFETCHED),
        (opened(GMAIL, after_s=11), None),
        (opened(YAHOO), None),
        (opened(YAHOO, after_s=2), S.PREFETCHED),
        (opened(after_s=1), None),  # read in the list of mails as it came in
        (opened("Mozilla/5.0"), S.APPLE_MPP),
        (clicked("Mozilla/5.0"), None),
        (opened(" "), S.NAMELESS),
        (opened("python-requests/2.32"), S.ROBOT),
        (opened("Barracuda Sentinel (EE)"), S.ROBOT),
        (clicked("Mozilla/5.0 (compatible; bingbot/2.0)"), S.ROBOT),
        (clicked("Mozilla/5.0 AppleWebKit/537.36 HeadlessChrome/140.0 Safari/537.36"), S.ROBOT),
        (opened(method="HEAD"), S.HEAD),
        (clicked(method="HEAD"), S.HEAD),
        (clicked(), None),
        (clicked(after_s=9), S.TOO_SOON),
        (clicked(after_s=10), None),
        (clicked(links=2), None),
        (clicked(links=3), S.MANY_LINKS),
        (clicked(people=9), None),
        (clicked(people=10), S.MANY_PEOPLE),
    ],
)
def test_each_sign(visit: Visit, sign: MachineSign | None) -> None:
    assert machine_sign(visit) is sign

"""A person at a browser: keeps cookies, follows redirects one at a time, fills in the forms that come."""

from html.parser import HTMLParser
from http.cookiejar import Cookie, DefaultCookiePolicy
from urllib.parse import urljoin

import requests
from requests.cookies import RequestsCookieJar

MOST_STEPS = 12


class Forms(HTMLParser):
    """Collects the forms of a page: id -> (action, fields)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, tuple[str, dict[str, str]]] = {}
        self._fields: dict[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = {}
            self.found[values.get("id", "")] = (values.get("action", ""), self._fields)
        elif tag == "input" and self._fields is not None and "name" in values:
            self._fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None


class LocalhostPolicy(DefaultCookiePolicy):
    """Treats http://localhost as secure, as browsers do, and takes no cookie without its protection."""

    def set_ok(self, cookie: Cookie, request: object) -> bool:
        if not (cookie.secure and cookie.name.startswith("__Host-") and not cookie.domain_specified):
            raise AssertionError(f"cookie without its protection: {cookie.name}")
        cookie.secure = False
        return super().set_ok(cookie, request)


class Person:
    """Somebody with an email address and a password."""

    def __init__(self, account: dict[str, str]) -> None:
        self.account = account
        self.shown: list[str] = []
        self.http = requests.Session()
        self.http.cookies = RequestsCookieJar(policy=LocalhostPolicy())
        self.http.headers["Accept"] = "text/html"

    def answer(self, url: str, redirect_uri: str, decide: str = "accept") -> str:
        """Does what the pages ask until the browser is sent back to `redirect_uri`; returns that URL."""
        self.shown = []
        page = self.http.get(url, allow_redirects=False)
        for _ in range(MOST_STEPS):
            if page.is_redirect:
                target = urljoin(page.url, page.headers["Location"])
                if target.startswith(redirect_uri):
                    return target
                page = self.http.get(target, allow_redirects=False)
                continue
            forms = Forms(page.text).found
            if "login-form" in forms and "login-form" not in self.shown:
                values = {"email": self.account["email"], "password": self.account["password"]}
                page = self._submit(page.url, forms, "login-form", values)
            elif "consent-form" in forms:
                page = self._submit(page.url, forms, "consent-form", {decide: "1"})
            else:
                raise AssertionError(f"stuck at {page.url} ({page.status_code})")
        raise AssertionError(f"still not back after {MOST_STEPS} steps")

    def _submit(self, url: str, forms: dict, name: str, values: dict[str, str]) -> requests.Response:
        self.shown.append(name)
        action, fields = forms[name]
        origin = "/".join(url.split("/", 3)[:3])
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        return self.http.post(urljoin(url, action), {**fields, **values}, headers=headers, allow_redirects=False)

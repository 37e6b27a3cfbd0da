"""Passwords and tokens in addresses: found before an address is kept, hidden where it is shown."""

from __future__ import annotations

import re

_WORDS = "pass|pwd|token|secret|sig|key|auth(?!or)|cred|login|user|usr|sas|jwt|session"
_VALUE = rf"([\w.~%-]*(?:{_WORDS})[\w.~%-]*)=([^?&;#/]*)"
_IN_QUERY = re.compile(rf"[?&;#]{_VALUE}", re.I)
_ANYWHERE = re.compile(rf"([?&;#/]){_VALUE}", re.I)  # cameras have them in the path
_LOGIN = re.compile(r"^([a-z][a-z0-9+.:-]*://)[^/?#]*@", re.I)
_BY_NAME_ALONE = ("http", "https", "webdav", "webdavs", "dav", "davs")  # one word is a token there


def secret_in(url: str) -> str:
    """What part of ``url`` may be secret, in words that do not repeat it; empty where none is.

    A user's name alone is none (``sftp://me@host``, ``abfs://container@account``), but over HTTP,
    where services take a token in its place.
    """
    login = _LOGIN.match(url)
    scheme = url.partition("://")[0].lower()
    if login and (":" in login.group(0)[len(login.group(1)) :] or scheme in _BY_NAME_ALONE):
        return "a password or token before the @"
    if named := _IN_QUERY.search(url):
        return f"a value of '{named.group(1)}'"
    return ""


def masked(url: str) -> str:
    """``url`` without user, password and token, as it may be shown and written."""
    scheme, sep, rest = _LOGIN.sub(r"\1", url).partition("://")
    hidden = _ANYWHERE.sub(r"\1\2=***", rest)
    return f"{scheme}{sep}{hidden}"

"""URLs of files, which print without what must stay secret.

https://user:pass@host/set/a.wav?X-Amz-Signature=...   as it is opened
https://host/set/a.wav?X-Amz-Signature=***             as it is printed, in messages, tables and pages
https://host/set/a.wav                                 what it names: credentials that expire are not a part of it
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

_WEB = ("http", "https")
_STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "hf", "memory")
SCHEMES = (*_WEB, *_STORES)
"""Schemes of URLs that are read."""

_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")
_SQUEEZED = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):/(?!/)")  # what pathlib makes of a URL
_ANY_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://[^\s\"'<>|,)\]}]+")
_HIDDEN = "***"
_REFERENCE = "/%?=&+:@,;~!$'()*"  # what a name relative to a web page may hold
# Values of these say which file it is; those of all others may be keys, signatures or tokens.
_HARMLESS = frozenset({
    "id", "v", "name", "file", "filename", "path", "index", "version", "versionid", "generation", "download", "raw",
    "ref", "rev", "revision", "page", "format", "alt", "export", "row", "clip", "start", "end", "api-version",
})  # fmt: skip
# Made anew for every link to the same file.
_SIGNATURE = re.compile(
    r"(x-amz-.*|x-goog-.*|awsaccesskeyid|googleaccessid|signature|expires|policy|key-pair-id|se|sig|sp|spr|sr|st|sv|"
    r"ske|skoid|sks|skt|sktid|skv|token|access_token|auth|hdnts)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Url:
    """A file, or a folder of files, that is not on this machine.

    Attributes:
        text: As it is opened; printing the URL itself shows no credentials.
    """

    text: str = field(repr=False)

    def __str__(self) -> str:
        return self._rebuilt(lambda name, value: value if name.lower() in _HARMLESS or not value else _HIDDEN)

    def __repr__(self) -> str:
        return f"Url({str(self)!r})"

    @property
    def scheme(self) -> str:
        """What is before `://`, in lower case."""
        return self.text.partition("://")[0].lower()

    @property
    def is_web(self) -> bool:
        """True for http and https; the others name an object store by its bucket."""
        return self.scheme in _WEB

    @property
    def parts(self) -> SplitResult:
        """Parts of a web URL; without a host if it is none that can be read."""
        try:
            return urlsplit(self.text)
        except ValueError:
            return SplitResult(self.scheme, "", "", "", "")

    @property
    def path(self) -> str:
        """What is behind the host of a web URL, unquoted; bucket and key of others."""
        if self.is_web:
            return unquote(self.parts.path).lstrip("/")
        return self.text.partition("://")[2]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self.path.rstrip("/"))

    @property
    def suffix(self) -> str:
        """Extension of the name with its dot, or an empty string."""
        return Path(self.name).suffix

    @property
    def identity(self) -> str:
        """What the URL names, whoever asks for it: without credentials and signatures. Not for printing."""
        return self._rebuilt(lambda name, value: None if _SIGNATURE.fullmatch(name) else value)

    @property
    def parent(self) -> Url:
        """The folder that it is in, with a slash at its end."""
        if self.is_web:
            parts = self.parts
            folder = posixpath.dirname(parts.path.rstrip("/"))
            return Url(urlunsplit((parts.scheme, parts.netloc, f"{folder.rstrip('/')}/", "", "")))
        return Url(f"{self.text.rstrip('/').rpartition('/')[0]}/")

    def joined(self, name: str) -> Url:
        """Return the file of this name below this folder; a name that is a URL or begins with a slash stands alone."""
        if (own := as_url(name)) is not None:
            return own
        if self.is_web:
            parts = self.parts
            base = urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/", "", ""))
            return Url(urljoin(base, quote(name, safe=_REFERENCE)))
        root = self.text.split("/", 3)
        if name.startswith("/"):
            return Url("/".join(root[:3]) + name)
        joined = f"{self.path.rstrip('/')}/{name}"
        return Url(f"{self.scheme}://{posixpath.normpath(joined) if '..' in name else joined}")

    def relative_to(self, folder: Url) -> str | None:
        """Return the path below a folder; None if it is not below it."""
        base = f"{folder.path.rstrip('/')}/"
        if _host(self) != _host(folder) or not self.path.startswith(base):
            return None
        return self.path[len(base) :]

    def _rebuilt(self, change: Callable[[str, str], str | None]) -> str:
        """Return the URL without user, password and fragment, and with changed values of its query."""
        if not self.is_web:
            scheme, _, rest = self.text.partition("://")
            bucket, slash, key = rest.partition("/")
            return f"{scheme}://{bucket.rpartition('@')[2] if ':' in bucket else bucket}{slash}{key}"
        parts = self.parts
        if not parts.netloc:
            return f"{self.scheme}://{_HIDDEN}"
        values = parse_qsl(parts.query, keep_blank_values=True)
        pairs = [(n, new) for n, v in values if (new := change(n, v)) is not None]
        query = urlencode(pairs, safe="*/") if "=" in parts.query else _HIDDEN if parts.query else ""
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def as_url(value: object) -> Url | None:
    """Return a URL that is written as text, or that was made a path of by mistake; None for anything else.

    `file:` URLs and paths are none: see `as_location`.
    """
    if isinstance(value, Url):
        return value
    if isinstance(value, str):
        if "://" not in value:
            return None
        text = value.strip()
        return Url(text) if (found := _URL.match(text)) and found[1].lower() != "file" else None
    if isinstance(value, os.PathLike):
        text = str(value)
        found = _SQUEEZED.match(text)
        if found is not None and found[1].lower() in SCHEMES and not os.path.lexists(text):
            return Url(f"{found[1]}://{text[found.end() :]}")
    return None


def as_location(value: str | os.PathLike[str] | Url) -> Path | Url:
    """Return what a text or path names: a URL, or a path on this machine, which `file:` URLs are too."""
    if isinstance(value, str) and "://" not in value:
        return Path(value)
    url = as_url(value)
    if url is not None:
        return url
    if isinstance(value, str) and (found := _URL.match(value.strip())) is not None:
        from urllib.request import url2pathname  # brings the standard library's HTTP client, which help has no use for

        return Path(url2pathname(value.strip()[found.end() - 2 :].removeprefix("//localhost").removeprefix("//")))
    return Path(value)  # type: ignore[arg-type]


def without_credentials(text: str) -> str:
    """Return a text in which no URL shows credentials: for messages of other packages, and values of tables."""
    return _ANY_URL.sub(lambda found: str(Url(found[0])), text) if "://" in text else text


def _host(url: Url) -> tuple[str, str]:
    if not url.is_web:
        return url.scheme, ""
    return url.scheme, url.parts.netloc.rpartition("@")[2].lower()

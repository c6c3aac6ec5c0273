"""Object stores (s3, gs, az, hf ...) through fsspec, and whatever their packages raise as errors that are known here.

Where a store is, and with which credentials, is the environment's word (`AWS_ENDPOINT_URL`, `AWS_PROFILE`,
`FSSPEC_S3_ANON` ...), never the URL's: a URL names a bucket and a key.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from avmeter.errors import MediaError, SkipCode
from avmeter.files import Url, without_credentials
from avmeter.sample.access import RemoteAccess
from avmeter.sources.facts import RemoteFacts
from avmeter.sources.retrying import TransientError, failed, retrying

_BLOCK = 8 << 20
_CALL_FACTOR = 2  # a call may be several requests of the package, each of which has its own time
_PACKAGES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs",
    "hf": "huggingface_hub", "memory": "fsspec",
}  # fmt: skip
_EXTRAS = {"s3fs": "remote", "gcsfs": "remote-gs", "adlfs": "remote-az"}
# What stores call that which changes whenever the bytes do, the best first.
_VERSIONS = ("VersionId", "generation", "ETag", "etag", "md5Hash", "content_md5", "blob_id")
_MODIFIED = ("LastModified", "last_modified", "updated", "mtime", "created", "last_commit")


class StoreFile:
    """An object of a store; see `RemoteFile`.

    Args:
        url: Of the object.
        access: Limits.
    """

    def __init__(self, url: Url, access: RemoteAccess) -> None:
        self._url = url
        self._access = access
        self._store = ObjectStore(url, access)

    def facts(self) -> RemoteFacts:
        """Ask what the object is."""
        found = self._store.info()
        if found.get("type") == "directory":
            raise MediaError(
                SkipCode.NOT_A_FILE, f"{self._url}: is a folder", hint="give the URL of a file, or a slash at its end"
            )
        version = next((str(found[name]) for name in _VERSIONS if found.get(name) not in (None, "", "null")), None)
        size = found.get("size")
        return RemoteFacts(
            size=int(size) if size is not None else None,
            version=version,
            modified=str(next((found[name] for name in _MODIFIED if found.get(name)), "")),
            has_ranges=size is not None,
        )

    def read(self, start: int, stop: int, facts: RemoteFacts) -> bytes:
        """Fetch a range."""
        return retrying(lambda: self._store.read_once(start, stop), self._access, str(self._url))

    def blocks(self) -> Iterator[bytes]:
        """Fetch the whole object."""
        size = self.facts().size or 0
        for start in range(0, size, _BLOCK):
            yield self._store.read_once(start, min(start + _BLOCK, size))


class ObjectStore:
    """A place in a store: an object or a prefix.

    Args:
        url: Of the place.
        access: Limits.

    Raises:
        MediaError: `dependency_missing`: the package of the store is not installed.
    """

    def __init__(self, url: Url, access: RemoteAccess) -> None:
        self._url = url
        self._access = access
        self._files = _file_system(url, access)
        self._path = self._files._strip_protocol(url.text)

    def info(self) -> Mapping[str, Any]:
        """Return what the store says of the place.

        Raises:
            MediaError: It is not there, access is denied, or the store does not answer.
        """
        found: Mapping[str, Any] = self._call("info", self._path)
        return found

    def is_folder(self) -> bool:
        """Return whether there are objects below the place, and none of its very name."""
        try:
            return self.info().get("type") == "directory"
        except MediaError as error:
            if error.code is SkipCode.MISSING_FILE:
                return False
            raise

    def names(self) -> list[str]:
        """Return the paths of all objects below the place, relative to it, in the order of the store."""
        found: Mapping[str, Any] = self._call("find", self._path, detail=True)
        base = f"{self._path.rstrip('/')}/"
        return [n.removeprefix(base) for n, facts in found.items() if n.startswith(base) and _is_object(n, facts)]

    def read_once(self, start: int, stop: int) -> bytes:
        """Fetch a range.

        Raises:
            TransientError: Another try may help.
            MediaError: None does.
        """
        data: bytes = self._once("cat_file", self._path, start=start, end=stop)
        if len(data) != stop - start:
            raise TransientError(f"{len(data)} bytes came of {stop - start}")
        return data

    def write(self, data: bytes) -> None:
        """Replace the object by these bytes; it appears complete or not at all."""
        self._call("pipe_file", self._path, data)

    def remove(self) -> None:
        """Remove the object."""
        self._call("rm_file", self._path)

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        return retrying(lambda: self._once(name, *arguments, **options), self._access, str(self._url))

    def _once(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call an operation of the file system, for a bounded time where it can be bounded."""
        try:
            if not self._files.async_impl:
                return getattr(self._files, name)(*arguments, **options)
            from fsspec.asyn import sync

            action = getattr(self._files, f"_{name}")
            return sync(self._files.loop, action, *arguments, timeout=_CALL_FACTOR * self._access.timeout_s, **options)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise MediaError(
                SkipCode.MISSING_FILE, f"{self._url}: no such file in the store", hint="check the URL"
            ) from error
        except PermissionError as error:
            raise self._denied(error) from error
        except TimeoutError as error:
            raise TransientError(f"no answer for {_CALL_FACTOR * self._access.timeout_s:g} s") from error
        except Exception as error:
            if "credential" in f"{type(error).__name__} {error}".lower():
                raise self._denied(error) from error
            raise TransientError(_described(error)) from error

    def _denied(self, error: Exception) -> MediaError:
        return MediaError(
            SkipCode.UNREADABLE,
            f"{self._url}: access is denied ({_described(error)})",
            hint="check the credentials in the environment, such as AWS_PROFILE; for public data: FSSPEC_S3_ANON=true",
        )


def _file_system(url: Url, access: RemoteAccess) -> Any:
    import fsspec

    package = _PACKAGES.get(url.scheme)
    if package is None:
        raise failed(str(url), f"{url.scheme} is no kind of storage that is read")
    try:
        importlib.import_module(package)
    except ImportError as error:
        extra = _EXTRAS.get(package)
        hint = f"pip install 'avmeter[{extra}]'" if extra else f"pip install {package}"
        what = f"{url}: reading {url.scheme} needs `{package}`"
        raise MediaError(SkipCode.DEPENDENCY_MISSING, what, hint=hint) from error
    return fsspec.filesystem(url.scheme, **_options(package, url, access))


def _options(package: str, url: Url, access: RemoteAccess) -> dict[str, Any]:
    options: dict[str, Any] = {"use_listings_cache": False} if package in ("s3fs", "gcsfs", "adlfs") else {}
    if package == "s3fs":
        waits = {"connect_timeout": access.timeout_s, "read_timeout": access.timeout_s}
        options["config_kwargs"] = {**waits, "retries": {"max_attempts": 1}}
    if package == "adlfs" and "@" in url.path:  # az://container@account...
        options["account_name"] = url.path.partition("@")[2].partition(".")[0]
    return options


def _is_object(name: str, facts: Any) -> bool:
    return not name.endswith("/") and facts.get("type") == "file"


def _described(error: Exception) -> str:
    text = without_credentials(" ".join(str(error).split()))[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

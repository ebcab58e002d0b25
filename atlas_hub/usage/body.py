"""The body of a request: which kind it is, unpacked, and cut off at its limit while it comes in."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request

from atlas_hub_core.errors import Malformed, TooLarge, UnsupportedMedia

MAX_BYTES: Final = 10 * 1024 * 1024
JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"

_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE: Final = 1024 * 1024


def content_type(request: Request) -> str:
    """Return `JSON` or `NDJSON`, whichever the body says it is.

    Raises:
        UnsupportedMedia: It says something else, or a charset other than UTF-8.
    """
    media, _, parameters = request.headers.get("content-type", JSON).partition(";")
    media = media.strip().lower()
    charset = parameters.strip().lower().replace('"', "").removeprefix("charset=")
    if media not in (JSON, NDJSON) or charset not in ("", "utf-8", "utf8"):
        message = f"Events are read as {JSON} or {NDJSON}, in UTF-8. Set Content-Type to one."
        raise UnsupportedMedia(message, code="unsupported_content_type", field="content-type")
    return media


async def read_body(request: Request) -> bytes:
    """Return the unpacked body.

    Raises:
        TooLarge: It is over 10 MB unpacked; no more than that is ever held.
        UnsupportedMedia: It is packed in another way than gzip.
        Malformed: It is not the gzip it says it is.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        message = f"The encoding {encoding[:40]!r} is not read. Send the body plain or as gzip."
        raise UnsupportedMedia(message, code="unsupported_encoding", field="content-encoding")
    chunks = _unzipped(request.stream()) if encoding == "gzip" else request.stream()
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_BYTES:
            message = f"The body is over {MAX_BYTES >> 20} MB unpacked; send it in parts."
            raise TooLarge(message, code="body_too_large")
    return bytes(body)


async def _unzipped(packed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the content of gzip members, in pieces of bounded size."""
    unzip = zlib.decompressobj(_GZIP)
    started = False
    async for chunk in packed:
        pending = chunk
        while pending:
            started = True
            if unzip.eof:  # what follows is one more member
                unzip = zlib.decompressobj(_GZIP)
            try:
                yield unzip.decompress(pending, _PIECE)
            except zlib.error as error:
                raise _not_gzip(str(error)) from None
            pending = unzip.unconsumed_tail or unzip.unused_data
    while started and not unzip.eof and (rest := unzip.decompress(b"", _PIECE)):
        yield rest
    if not started or not unzip.eof:
        raise _not_gzip("it ends too early")


def _not_gzip(problem: str) -> Malformed:
    message = f"The body is not gzip as Content-Encoding says: {problem}."
    return Malformed(message, code="malformed_gzip", field="content-encoding")

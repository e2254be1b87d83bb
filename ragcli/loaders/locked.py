"""Files that are encrypted, and the passwords that the user gave for them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace

from ragcli.errors import LoadError

ENCRYPTED = "encrypted"  # every reason for a file that a password would open begins with it
_BY_EXCEL = "VelvetSweatshop"  # what Excel encrypts with where a workbook is only protected against changes
_MOST_ROUNDS = 10_000_000  # of hashing, for one password; the most that Office accepts
_WITH_PASSWORD = ("Workbook", "Book", "EncryptedPackage")  # streams of what can be decrypted

# Passwords of the file at hand: one process parses one file at a time; the files in it are opened by the same ones.
_given: Sequence[str] = ()


@contextmanager
def passwords(given: Sequence[str]) -> Iterator[None]:
    """Files that are loaded inside may be opened by any of these."""
    global _given  # noqa: PLW0603 - see above
    before, _given = _given, given
    try:
        yield
    finally:
        _given = before


def given_passwords() -> Sequence[str]:
    """The passwords to try, in their order."""
    return _given


def encrypted() -> LoadError:
    """The error for a file that none of the given passwords opens."""
    if _given:
        return LoadError(f"{ENCRYPTED}: none of the given passwords opens it")
    return LoadError(f"{ENCRYPTED}: --password-file FILE opens it with the passwords in FILE")


def opened(data: bytes) -> bytes:
    """An Office file without its encryption; the same bytes when it has none. Raises LoadError when no password opens it."""
    if not any(name.encode("utf-16-le") in data for name in _WITH_PASSWORD):
        return data
    from msoffcrypto import OfficeFile
    from msoffcrypto.exceptions import DecryptionError

    try:
        file = OfficeFile(io.BytesIO(data))
        if not file.is_encrypted():
            return data
    except Exception:
        return data  # damaged, or of another kind: its loader says what is wrong
    if (getattr(file, "info", None) or {}).get("spinValue", 0) > _MOST_ROUNDS:
        raise LoadError("refused: its encryption asks for more work than any Office does")
    checked = {"verify_password": True} if file.format == "ooxml" else {}  # the others always do
    for password in (_BY_EXCEL, *_given):
        result = io.BytesIO()
        try:
            file.load_key(password=password, **checked)
            with _without_files():
                file.decrypt(result)
        except DecryptionError as error:
            if "upported" in str(error):
                raise LoadError(f"{ENCRYPTED} in a way that is not read here; save it without a password") from error
            continue
        return result.getvalue()
    raise encrypted()


@contextmanager
def _without_files() -> Iterator[None]:
    """msoffcrypto puts the text of an .xls into a temporary file; a parser may write none, and none should be on a disk."""
    from msoffcrypto.format import xls97

    before, xls97.tempfile = xls97.tempfile, SimpleNamespace(TemporaryFile=io.BytesIO)
    try:
        yield
    finally:
        xls97.tempfile = before

"""What stands in a line of the audit file, and when it is written. Never a text of a document or of an answer."""

from __future__ import annotations

import getpass
import hashlib
import hmac
import os
import secrets
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ragcli.audit.chain import Chain
from ragcli.datatypes import DocumentRecord
from ragcli.errors import RagError
from ragcli.private import make_private_folder, open_private

SCHEMA = "rag.audit.entry/1"
KEY_FILE = "audit.key"
_KEY_BYTES = 32


@dataclass
class Entry:
    """What a command tells of itself while it runs. `outcome` stays "done" unless something is said; `counts` are by name;
    `subjects` are what was trusted or denied: paths, keys of settings."""

    outcome: str = "done"
    counts: dict[str, int] = field(default_factory=dict)
    documents: list[dict[str, str]] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)

    def cites(self, documents: Sequence[DocumentRecord]) -> None:
        """Name documents by id and path, each once, in the order in which they are given."""
        named = {document.document_id: document.path for document in documents}
        self.documents = [{"id": key, "path": path} for key, path in named.items()]


def question_hash(question: str, key: bytes) -> str:
    """HMAC-SHA-256 of a question, 64 hexadecimal digits: equal for equal questions (in Unicode's form NFC, white space folded),
    and nobody without the key can tell which question it was."""
    folded = " ".join(unicodedata.normalize("NFC", question).split())
    return hmac.new(key, folded.encode("utf-8", errors="surrogatepass"), hashlib.sha256).hexdigest()


def question_key(folder: Path, *, make: bool) -> bytes | None:
    """The key of the hashes of questions, in the file `audit.key` of the user's state folder; made there if `make`, else None
    when there is none. Raises RagError."""
    path = folder / KEY_FILE
    try:
        if make and not path.exists():
            _make_key(path)
        with os.fdopen(open_private(path, os.O_RDONLY), "rb") as stream:
            key = stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RagError(f"cannot use {path}: {error.strerror or error}", hint="check its permissions") from error
    if len(key) != _KEY_BYTES:
        raise RagError(f"{path} is no key of {_KEY_BYTES} bytes", hint=f"restore it, or delete {path} to begin anew")
    return key


def _make_key(path: Path) -> None:
    """A new key; that of a process that makes one at the same time stands if it was there first."""
    make_private_folder(path.parent)
    beside = path.with_name(f"{KEY_FILE}.{secrets.token_hex(8)}")
    with os.fdopen(open_private(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as stream:
        stream.write(secrets.token_bytes(_KEY_BYTES))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


class Trail:
    """Writes a line for each thing that is done. Any number of threads may use one.

    `state` is the folder with the key of the hashes of questions; `questions` says whether a line holds the hash or the text.
    Where a line cannot be written, RagError is raised if `required`, before anything is done where that is possible; otherwise
    `warn` gets one message. `command` is written in the place of "ask" by a front that asks in its own way, as `rag chat` does.
    """

    def __init__(
        self,
        chain: Chain,
        state: Path,
        *,
        version: str,
        required: bool = False,
        questions: Literal["hash", "text"] = "hash",
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.command = "ask"
        self._chain = chain
        self._state = state
        self._version = version
        self._required = required
        self._questions = questions
        self._warn = warn
        self._warned = False

    @contextmanager
    def recording(
        self,
        command: str,
        index: Callable[[], Mapping[str, object] | None] = lambda: None,
        question: str | None = None,
        *,
        principal: str = "",
    ) -> Iterator[Entry]:
        """Record what happens inside, also when it raises, with its duration. `index` is called at the end and says which index
        it was (see `rag schema audit.entry`), None when there is none. `principal` is whose rights counted, "" for all."""
        self._attempt(self._chain.check)
        entry, begun, problem = Entry(), time.perf_counter(), ""
        try:
            yield entry
        except BaseException as error:
            entry.outcome, problem = "failed", type(error).__name__
            raise
        finally:
            took = round(1000 * (time.perf_counter() - begun), 3)
            asked = {**({"principal": principal} if principal else {}), **self._asked(question)}
            self._attempt(lambda: self._write(command, entry, index, asked, took, problem))

    def _write(
        self,
        command: str,
        entry: Entry,
        index: Callable[[], Mapping[str, object] | None],
        asked: Mapping[str, str],
        milliseconds: float,
        error: str,
    ) -> None:
        try:
            which = index()
        except RagError:
            which = None
        self._chain.append(
            {
                "schema": SCHEMA,
                "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "version": self._version,
                "command": command,
                "uid": os.getuid(),
                "user": _login(),
                "index": which,
                "outcome": entry.outcome,
                "error": error,
                "milliseconds": milliseconds,
                "counts": entry.counts,
                "documents": entry.documents,
                "subjects": entry.subjects,
                **asked,
            }
        )

    def _asked(self, question: str | None) -> dict[str, str]:
        if question is None:
            return {}
        if self._questions == "text":
            return {"question": question}
        key = question_key(self._state, make=True)
        assert key is not None, "it was made if it was missing"
        return {"question_hash": question_hash(question, key)}

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except RagError as problem:
            if self._required:
                raise
            if not self._warned:
                self._warned = True
                self._warn(f"{problem.message}; nothing is recorded (audit.required = true makes this an error)")


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a uid without an entry in the list of users
        return ""

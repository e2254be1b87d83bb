"""Every error that a user can meet.

    RagError                 exit 1   something is wrong and the message says what, where, and how to fix it
    ├── UsageError           exit 2   the request itself makes no sense
    │   └── NotFound                  it names a document, a page or lines that there are not
    ├── SettingsError        exit 2   a setting is unknown or has the wrong type
    ├── LoadError            exit 1   one file could not be read; ingest reports it and goes on
    │   └── NotADocument              binary, unsupported or empty: skipped and counted
    ├── CopyFailed           exit 1   a copy of the index could not be written; ingest reports it as a warning
    ├── GoldError            exit 1   a gold file could not be used
    ├── PluginFailed         exit 1   a plug-in is missing, fails, or claims the name of another one
    ├── IndexUnusable        exit 5   no index that can answer
    │   ├── IndexNotFound             there is none here
    │   ├── IndexIncompatible         made with another model, chunker or format
    │   ├── IndexDamaged              its files contradict each other
    │   └── IndexLocked               another process is writing
    ├── ModelUnavailable     exit 6   a model or the library that runs it is missing
    └── Cancelled            exit 130 whoever asked gave up, or the deadline of a question passed

Exit 3 (below the gate, or not verified), 4 (nothing found), 130 (interrupted), 141 (the reader of the output left) and 143
(terminated) are outcomes, not errors.
"""

from __future__ import annotations


class ExitCode:
    """Process exit statuses; their meaning is part of the public contract."""

    OK = 0
    ERROR = 1
    USAGE = 2
    BELOW_GATE = 3
    NOT_FOUND = 4
    INDEX = 5
    MODEL = 6
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


class RagError(Exception):
    """An error meant for the user.

    `message` says what went wrong and where; `hint` is the command or edit that fixes it, or empty.
    """

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RagError):
    """The arguments contradict each other or name something that does not exist."""

    exit_code = ExitCode.USAGE


class NotFound(UsageError):
    """A document, a page or lines that there are not, or a name that means several documents."""


class SettingsError(RagError):
    """A settings file, variable or flag holds an unknown key or a value of the wrong type."""

    exit_code = ExitCode.USAGE


class LoadError(RagError):
    """A file could not be turned into text. `reason` is one short clause for the ingest summary."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotADocument(LoadError):
    """The file is not something to index (binary, an unsupported format, empty); ingest counts it by reason."""


class CopyFailed(RagError):
    """A derived copy of the index could not be written; the index itself is complete."""


class GoldError(RagError):
    """A gold file is malformed; the message lists every problem with its line number."""


class PluginFailed(RagError):
    """A plug-in is not installed any more, cannot be imported, raises, or claims a name that another one has."""


class IndexUnusable(RagError):
    """No index can serve this request."""

    exit_code = ExitCode.INDEX


class IndexNotFound(IndexUnusable):
    """There is no index at the given place or above the working directory."""


class IndexIncompatible(IndexUnusable):
    """The index was made with another format, model, analyzer or chunker than the one asked for."""


class IndexDamaged(IndexUnusable):
    """The files of the index contradict each other."""


class IndexLocked(IndexUnusable):
    """Another process holds the writer's lock, or keeps the catalog busy, for longer than the wait."""


class ModelUnavailable(RagError):
    """A model, its weights, or the library that runs it is missing or not the expected one."""

    exit_code = ExitCode.MODEL


class Cancelled(RagError):
    """A question was cancelled, or its deadline passed, before anything of an answer was written."""

    exit_code = ExitCode.INTERRUPTED

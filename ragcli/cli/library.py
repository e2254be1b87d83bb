"""Getting documents in and out: `ingest`, `ls`, `rm`."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragcli.cli import completing, options, rights
from ragcli.cli.interrupting import stopped
from ragcli.cli.passwords import read_passwords
from ragcli.cli.session import Output, session
from ragcli.cli.sharing import on_index
from ragcli.errors import ExitCode, RagError, UsageError
from ragcli.places import state_directory

if TYPE_CHECKING:
    from ragcli.cli.session import Session
    from ragcli.reports import IngestReport
    from ragcli.sources.fetching import Opened
    from ragcli.usecases.ingestion import IngestRequest

_LEFT = (
    "no search finds what was removed; bytes of it may remain in vectors.f32, in Chroma's log, in kept drafts and in the last "
    "question: rag forget --removed clears these"
)
app = typer.Typer()


@app.command()
@on_index
def ingest(
    paths: options.Paths = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove documents whose files are gone.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the index anew; the old one answers until then.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would happen to each file, and why some are skipped.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and take in what changes, until stopped.")] = False,
    include: options.Include = None,
    exclude: options.Exclude = None,
    no_ignore: Annotated[bool, typer.Option("--no-ignore", help="Do not obey .gitignore and .ragignore.")] = False,
    hidden: options.Hidden = None,
    follow_symlinks: options.FollowSymlinks = None,
    cross_device: options.CrossDevice = None,
    tag: options.Tags = None,
    access: rights.Tags = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="With the path -: what standard input is called.", show_default=False
        ),
    ] = None,
    url: options.Urls = None,
    sitemap: options.Sitemaps = None,
    allow_private: options.AllowPrivate = False,
    ocr: options.Ocr = None,
    password_file: options.PasswordFile = None,
    secrets: options.Secrets = None,
    pii: options.Pii = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try files again that could not be read before.")
    ] = False,
    embedding_model: options.Model = None,
    trust_code: options.TrustCode = None,
    chunker: options.Chunker = None,
    max_tokens: options.MaxTokens = None,
    sentences: options.Sentences = None,
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Index files, folders, standard input (-) and web pages.

    Reads PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, RTF, HTML, Markdown, mail, notebooks, CSV, JSON, XML, text and
    source code. Only what is new or changed is read. Stop it at any time; the next run goes on.

    Example: rag ingest ./docs
    """
    output = Output(as_json=as_json, quiet=quiet)
    flags = {
        "index": index,
        "embedding_model": embedding_model,
        "trust_code": trust_code,
        "chunking_strategy": chunker,
        "chunking_max_tokens": max_tokens,
        "embedding_sentences": None if sentences is None else "on" if sentences else "off",
        "ingest_hidden": hidden,
        "ingest_follow_symlinks": follow_symlinks,
        "ingest_cross_device": cross_device,
        "ingest_ocr": ocr,
        "ingest_secrets": secrets,
        "ingest_pii": pii,
    }
    with session(output, flags) as opened, ExitStack() as scratch:
        if watch and (as_json or dry_run or url or sitemap or Path("-") in (paths or [])):
            raise UsageError("--watch goes with files and folders alone", hint="rag ingest PATH --watch")
        from ragcli.access import tags_given
        from ragcli.ingest import Options
        from ragcli.trust.foreign import check_roots
        from ragcli.trust.store import TrustStore
        from ragcli.usecases.ingestion import IngestRequest, rules_of, watched_roots

        place, store = opened.workspace, TrustStore(state_directory())
        request = IngestRequest(
            paths=[path for path in paths or [] if path != Path("-")],
            extra=_extra(opened, paths or [], name, output, scratch, urls=url, sitemaps=sitemap, private=allow_private),
            rules=rules_of(place.settings, include=include or (), exclude=exclude or (), ignore_files=not no_ignore),
            options=Options(
                prune=prune,
                tags=_tags(tag),
                retry=retry_failed,
                access=None if access is None else tags_given(access),
            ),
            rebuild=rebuild,
            passwords=read_passwords(password_file, paths or []),
        )
        if not request.paths and not request.extra:
            check_roots(watched_roots(place, request), place.index_directory, store)
        if dry_run:
            _dry_run(opened, request, output)
            return
        with suppress(RagError):  # as with the last question: a state folder that cannot be written to is no error
            store.add_roots(place.index_directory, [place.directory / path for path in request.paths])
        report = _run(opened, request, output)
        if watch and not report.interrupted:
            from ragcli.cli.watching import watch_changes

            watch_changes(opened, request, output, lambda again: _run(opened, again, output))
        if report.interrupted:
            raise typer.Exit(stopped().exit_code)
        if report.failed and not report.documents:
            raise typer.Exit(ExitCode.ERROR)


def _run(opened: Session, request: IngestRequest, output: Output) -> IngestReport:
    from ragcli.render import jsonlibrary
    from ragcli.render.progress import progress_bar, rate_of

    started = time.monotonic()
    with progress_bar(not output.quiet) as bar:
        report = opened.rag.ingest(
            *request.paths,
            prune=request.options.prune,
            rebuild=request.rebuild,
            tags=request.options.tags,
            access=request.options.access,
            retry=request.options.retry,
            rules=request.rules,
            extra=request.extra,
            passwords=request.passwords,
            anywhere=True,  # asked before
            on_progress=lambda p: bar(p.done, p.files, p.current, rate_of(started, p.chunks, "chunks"), p.left),
        )
    output.result(lambda text: text.ingest(report), lambda: jsonlibrary.ingest(report))
    if report.removed:
        output.note(_LEFT)
    return report


def _dry_run(opened: Session, request: IngestRequest, output: Output) -> None:
    from ragcli.render import jsonlibrary
    from ragcli.usecases.library import plan

    if request.extra:
        raise UsageError("--dry-run looks at files and folders alone", hint="rag ingest PATH --dry-run")
    planned = plan(opened.workspace, request)
    output.result(lambda text: text.plan(planned), lambda: jsonlibrary.plan(planned))


def _extra(
    opened: Session,
    paths: list[Path],
    name: str | None,
    output: Output,
    scratch: ExitStack,
    *,
    urls: list[str] | None,
    sitemaps: list[str] | None,
    private: bool,
) -> list[Opened]:
    """Sources that are no files: standard input, and web pages. Pages that could not be fetched are named."""
    found: list[Opened] = []
    limit = int(opened.workspace.settings.limits_file_mb * 1_000_000)
    if (Path("-") in paths) != (name is not None):
        raise UsageError(
            "standard input needs a name, and a name needs standard input", hint="rag ingest - --name notes.md"
        )
    wanted = bool(urls or sitemaps)
    if not wanted and name is None:
        return []
    from tempfile import TemporaryDirectory

    from ragcli.sources.fetching import FetchRequest, fetch, given_bytes
    from ragcli.sources.scanning import Skipped

    request = FetchRequest(urls or [], sitemaps or [], private)
    folder = Path(scratch.enter_context(TemporaryDirectory()))
    if name is not None:
        found.append(given_bytes(name, sys.stdin.buffer.read(limit + 1), "-", folder))
    if wanted and opened.workspace.settings.offline:
        raise UsageError("web pages cannot be fetched offline", hint="unset RAGCLI_OFFLINE, or leave --url out")
    for entry in fetch(request, limit, folder) if wanted else ():
        if isinstance(entry, Skipped):
            output.note(f"{entry.path}: {entry.reason}")
        else:
            found.append(entry)
    if wanted and not found and not paths:
        raise UsageError("no page could be fetched", hint="see the reasons above")
    return found


def _tags(given: list[str] | None) -> dict[str, str]:
    tags = {}
    for text in given or []:
        key, separator, value = text.partition("=")
        if not separator or not value.strip() or not key.strip().replace("-", "_").isidentifier():
            raise UsageError(f"--tag {text!r}: expected NAME=VALUE", hint="--tag team=legal")
        tags[key.strip()] = value.strip()
    return tags


@app.command(name="ls")
@on_index
def list_documents(
    patterns: options.Patterns = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what was not read, or only in part, with the reasons.")
    ] = False,
    principal: rights.As = None,
    index: options.Index = None,
    as_json: options.Json = False,
) -> None:
    """List the documents of the index, and what could not be read. With state, type, chunks and path, and the reasons.

    Example: rag ls 'contracts/**' --failed
    """
    output = Output(as_json=as_json, quiet=False)
    with session(output, {"index": index}, principal=principal) as opened:
        from ragcli.render import jsonlibrary
        from ragcli.usecases.library import listed

        entries = listed(opened.workspace, opened.engine.index.catalog, patterns or [])
        if failed:
            entries = [entry for entry in entries if entry.state in ("failed", "partial", "skipped")]
        if not entries and patterns and not as_json:
            output.note(f"nothing in the index is called {' or '.join(patterns)}: rag ls lists what it holds")
            raise typer.Exit(ExitCode.NOT_FOUND)
        output.result(lambda text: text.documents(entries), lambda: jsonlibrary.documents(entries))
        if not entries and patterns:
            raise typer.Exit(ExitCode.NOT_FOUND)


@app.command()
@on_index
def rm(
    patterns: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", autocompletion=completing.documents, help="Paths, folders or patterns of documents."
        ),
    ],
    refused: rights.Refused = None,
    index: options.Index = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take documents out of the index; the files stay. A line in .ragignore keeps them out of the next ingest.

    Example: rag rm contracts/draft.docx
    """
    output = Output(as_json=as_json, quiet=quiet)
    with session(output, {"index": index}) as opened:
        from ragcli.render import jsonlibrary

        removed = opened.rag.remove(*patterns)
        output.result(
            lambda text: text.removed(removed),
            lambda: jsonlibrary.removed(removed),
        )
        output.note(_LEFT)

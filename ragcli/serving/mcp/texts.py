"""What a tool says in words. It is written for a model that reads it: no JSON, which the structured result holds already, and
nothing that a document could have written outside of its own lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ragcli.render.sanitize import one_line, sanitize
from ragcli.text.counting import counted

ELLIPSIS = " …"
_LEAST = 120  # characters of each passage that are shown, however many there are
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|\n")

Fields = Mapping[str, Any]


def place(fields: Fields) -> str:
    """`path:12-15`, `path page 3`, or the path alone."""
    path = one_line(fields["path"])
    if fields.get("page") is not None:
        return f"{path} page {fields['page']}"
    if fields.get("line_from") is None:
        return path
    first, last = fields["line_from"], fields.get("line_to")
    return f"{path}:{first}" if last in (None, first) else f"{path}:{first}-{last}"


def cut(text: str, room: int) -> str:
    """At most about `room` characters of `text`, ended at the end of a sentence or line where there is one in the second
    half."""
    if len(text) <= room:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, room // 2, room)]
    return text[: ends[-1] if ends else room].rstrip() + ELLIPSIS


def shared_out(texts: Sequence[str], room: int) -> list[str]:
    """The texts cut so that they have about `room` characters together: short ones are whole, the others have as much as each
    other."""
    left, rooms = max(room, 0), dict.fromkeys(range(len(texts)), _LEAST)
    for i in sorted(rooms, key=lambda i: len(texts[i])):
        share = max(_LEAST, left // sum(1 for j in rooms if len(texts[j]) >= len(texts[i])))
        rooms[i] = share
        left -= min(share, len(texts[i]))
    return [cut(text, rooms[i]) for i, text in enumerate(texts)]


def heading(number: int, fields: Fields) -> str:
    """The line above a passage."""
    parts = [f"[{number}] {place(fields)}", *(one_line(title) for title in fields["headings"])]
    warned = f"  (caution: holds {', '.join(fields['warnings'])})" if fields.get("warnings") else ""
    return f"{' › '.join(parts)}  ref={fields['ref']}{warned}"


def search(result: Fields) -> str:
    passages = result["passages"]
    if not passages:
        return _with_notes("Nothing in the documents fits.", result["notes"])
    blocks = [f"{heading(i, entry)}\n{sanitize(entry['text'])}" for i, entry in enumerate(passages, start=1)]
    return _with_notes("\n\n".join(blocks), result["notes"])


def read(result: Fields) -> str:
    titles = " › ".join(one_line(title) for title in result["headings"])
    warned = [f"caution: holds {', '.join(result['warnings'])}"] if result.get("warnings") else []
    more = [f"to read on: ref={result['next']}"] if result.get("next") else []
    head = place(result) + (f" › {titles}" if titles else "")
    return _with_notes(f"{head}\n{sanitize(result['text'])}", [*result["notes"], *warned, *more])


def ask(result: Fields) -> str:
    if result["answered"]:
        text = sanitize(result["answer"])
    elif result.get("closest"):
        text = f"The documents do not answer this clearly. The closest passage says: {sanitize(result['closest'])}"
    else:
        text = "The documents do not answer this. `search` shows the nearest passages."
    sources = [
        f"[{entry['n']}] {place(entry)} ({entry['status']}): “{one_line(cut(entry['quote'], 400))}”  ref={entry['ref']}"
        for entry in result["citations"]
    ]
    disputes = [
        f"{'an older version' if entry['older'] else 'another document'} says otherwise than [{entry['n']}]: "
        f"{place(entry)}: “{one_line(cut(entry['quote'], 300))}”"
        for entry in result["disputes"]
    ]
    return _with_notes("\n".join([text, *([""] if sources else []), *sources]), [*disputes, *result["notes"]])


def list_documents(result: Fields) -> str:
    lines = [
        f"{one_line(entry['path'])}  ({entry['type']}) {one_line(entry['title'])}  id={entry['id']}"
        for entry in result["documents"]
    ]
    more = [f"next_cursor: {result['next_cursor']}"] if result.get("next_cursor") else []
    return _with_notes("\n".join([counted(result["total"], "document"), *lines]), more)


def ingest(result: Fields) -> str:
    said = f"job {result['job']}: {result['state']}, {result['done']} of {result['of']} files"
    if result["state"] == "done":
        said = f"job {result['job']}: done, {result['added']} added, {result['updated']} updated"
    failed = [f"not read: {one_line(entry['path'])}: {one_line(entry['reason'])}" for entry in result["failed"]]
    return _with_notes(said, [*failed, *([result["error"]] if result.get("error") else [])])


def _with_notes(text: str, notes: Sequence[str]) -> str:
    return "\n".join([text, *(f"note: {one_line(note)}" for note in notes)])

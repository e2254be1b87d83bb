"""All commands: in which group, in which module, and what they are for. Nothing of them is imported for a help page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """The module of `ragcli.cli` that has a command, and the first sentence of the command's help."""

    module: str
    summary: str


GROUPS: Mapping[str, Mapping[str, Entry]] = {
    "Start": {
        "ingest": Entry("library", "Index files, folders, standard input (-) and web pages."),
        "ls": Entry("library", "List the documents of the index, and what could not be read."),
        "stats": Entry("status", "Show what the index holds, and whether the files changed since."),
        "demo": Entry("demo", "Index 16 example documents in a new folder, and ask a question."),
        "help": Entry("helping", "Show the help of a command."),
    },
    "Ask": {
        "ask": Entry("answers", "Answer a question with citations."),
        "query": Entry("search", "Show the passages that fit a question best."),
        "chat": Entry("chat", "Ask one question after the other."),
        "get": Entry("recall", "Print a document of the index, or a part of it."),
        "history": Entry("recall", "List what was asked before, the newest last."),
        "export": Entry("recall", "Write a kept answer as Markdown or HTML."),
        "open": Entry("chat", "Open a citation of the last answer in the program for it."),
        "replay": Entry("runs", "Ask the question of a saved run again and show what differs."),
        "diff": Entry("runs", "Show what differs between two saved runs."),
    },
    "Library": {
        "collection": Entry("collections", "Name indexes, to search them from anywhere and together."),
        "pack": Entry("packing", "Write the index as one checksummed file."),
        "unpack": Entry("packing", "Make an index of a pack, which can be changed."),
        "rm": Entry("library", "Take documents out of the index; the files stay."),
        "forget": Entry("forgetting", "Take documents out of the index so that no trace stays."),
        "chunks": Entry("cutting", "Show how a file is read and cut."),
        "scan": Entry("scan", "Say where files hold keys, passwords and personal data."),
    },
    "Measure": {
        "eval": Entry("evaluation", "Measure retrieval and answers on judged questions."),
        "why": Entry("evaluation", "Name the stage that lost a document."),
        "gold": Entry("gold", "Make and check files of judged questions."),
        "tune": Entry("tuning", "Try other weights and chunk sizes."),
        "calibrate": Entry("tuning", "Fit when to abstain to your own questions."),
        "compare": Entry("tuning", "Measure two configurations on the same questions."),
    },
    "Serve": {
        "serve": Entry("serve", "Serve the index over HTTP."),
        "keys": Entry("keys", "Make, list and take back the keys of rag serve."),
        "mcp": Entry("mcp", "Serve the index to agents, by the Model Context Protocol (MCP)."),
    },
    "Set up": {
        "models": Entry("models", "Models on this machine, for answers and for embedding."),
        "config": Entry("status", "Settings and where they come from."),
        "plugins": Entry("status", "List installed plug-ins, each imported to see that it works."),
        "schema": Entry("status", "Print the JSON Schema of a document that --json prints."),
    },
    "Trust": {
        "doctor": Entry("status", "Read the whole index and report every contradiction in it."),
        "trust": Entry("trust", "Let a project's rag.toml say what it could not before."),
        "untrust": Entry("trust", "Take back what rag trust allowed."),
        "audit": Entry("audit", "Check and read the file that says who asked and changed what."),
    },
}
COMMANDS: Mapping[str, Entry] = {name: entry for group in GROUPS.values() for name, entry in group.items()}

EXAMPLES = (
    ("rag ingest ./docs", "index a folder"),
    ("rag ask what is the hotel limit", "answer with citations"),
    ("rag query notice period --filter type=pdf", "show the passages that fit"),
)

MEANT: Mapping[str, str] = {  # what people type → the command that they mean
    **dict.fromkeys(("search", "find", "grep", "retrieve"), "query"),
    **dict.fromkeys(("answer", "question"), "ask"),
    **dict.fromkeys(("index", "add", "import", "load", "init", "update", "sync", "build"), "ingest"),
    **dict.fromkeys(("list", "docs", "documents", "files"), "ls"),
    **dict.fromkeys(("remove", "delete", "del", "drop"), "rm"),
    **dict.fromkeys(("status", "info", "show"), "stats"),
    **dict.fromkeys(("check", "verify", "fsck"), "doctor"),
    **dict.fromkeys(("evaluate", "test", "benchmark", "measure"), "eval"),
    **dict.fromkeys(("settings", "configure"), "config"),
    **dict.fromkeys(("server", "web", "ui", "api"), "serve"),
    **dict.fromkeys(("model", "pull"), "models"),
    **dict.fromkeys(("explain", "debug"), "why"),
    **dict.fromkeys(("conversation", "talk"), "chat"),
    **dict.fromkeys(("chunk", "split"), "chunks"),
    "version": "--version",
}

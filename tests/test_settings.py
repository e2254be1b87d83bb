"""Where a value comes from, and what is refused."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from ragcli.errors import SettingsError
from ragcli.settings import Resolved, Settings, key_of, resolve

ROOT = Path(__file__).resolve().parents[1]


def resolved(work: Path, environment: dict[str, str] | None = None, **flags: object) -> Resolved:
    return resolve(flags, environment=environment or {}, directory=work, user_file=work / "user.toml")


def test_each_layer_overrides_the_one_below_and_is_named(work: Path) -> None:
    assert resolved(work).sources["retrieval_k"] == "default"
    (work / "user.toml").write_text("[retrieval]\nk = 6\nmode = 'dense'\n")
    (work / "rag.toml").write_text("[retrieval]\nk = 7\n")
    below = work / "a" / "b"
    below.mkdir(parents=True)
    project = resolve({}, environment={}, directory=below, user_file=work / "user.toml")
    assert (project.settings.retrieval_k, project.sources["retrieval_k"]) == (7, str(work / "rag.toml"))
    assert project.settings.retrieval_mode == "dense"
    environment = {"RAGCLI_RETRIEVAL_K": "8"}
    assert resolved(work, environment).settings.retrieval_k == 8
    assert resolved(work, environment, retrieval_k=9).sources["retrieval_k"] == "flag"
    assert resolved(work, environment, retrieval_k=None).settings.retrieval_k == 8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[retrieval]\nweigth = 0.3\n", "retrieval.weigth"),
        ("nonsense = 1\n", "nonsense"),
        ("[retrieval]\nk = 'five'\n", "whole number"),
        ("[retrieval]\nk = true\n", "whole number"),
        ("[retrieval]\nmode = 'magic'\n", "not known"),
        ("[retrieval]\nweight = 2\n", "out of range"),
        ("not toml", "not valid TOML"),
    ],
)
def test_a_bad_file_is_an_error_that_names_file_and_key(work: Path, content: str, message: str) -> None:
    (work / "rag.toml").write_text(content)
    with pytest.raises(SettingsError, match=message) as caught:
        resolved(work)
    assert "rag.toml" in caught.value.message
    assert caught.value.hint


def test_the_nearest_known_key_is_suggested(work: Path) -> None:
    (work / "rag.toml").write_text("[retrieval]\nweigth = 0.3\n")
    with pytest.raises(SettingsError) as caught:
        resolved(work)
    assert "retrieval.weight" in caught.value.hint
    (work / "rag.toml").unlink()
    with pytest.raises(SettingsError) as caught:
        resolved(work, {"RAGCLI_RETRIEVAL_WEIHGT": "1"})
    assert "RAGCLI_RETRIEVAL_WEIGHT" in caught.value.hint


def test_variables_are_parsed_and_a_malformed_one_is_refused(work: Path) -> None:
    assert resolved(work, {"RAGCLI_OFFLINE": "1", "RAGCLI_RETRIEVAL_WEIGHT": "0.3"}).settings.offline is True
    with pytest.raises(SettingsError, match="RAGCLI_OFFLINE"):
        resolved(work, {"RAGCLI_OFFLINE": "maybe"})


def test_an_index_in_a_file_is_relative_to_the_file(work: Path) -> None:
    (work / "rag.toml").write_text("index = 'store/.rag'\n")
    (work / "sub").mkdir()
    found = resolve({}, environment={}, directory=work / "sub", user_file=work / "none")
    assert found.settings.index == str(work / "store/.rag")


def test_the_example_configuration_lists_every_setting_with_its_default() -> None:
    text = (ROOT / "config.example.toml").read_text()
    uncommented = re.sub(r"(?m)^# ([a-z_]+ = )", r"\1", text)
    listed = tomllib.loads(uncommented)
    flat: dict[str, object] = {}
    for key, value in listed.items():
        flat |= {f"{key}.{name}": entry for name, entry in value.items()} if isinstance(value, dict) else {key: value}
    defaults = {key_of(field.name): getattr(Settings(), field.name) for field in fields(Settings)}
    assert flat == {key: list(value) if isinstance(value, tuple) else value for key, value in defaults.items()}


def test_a_list_of_texts_is_a_list_in_a_file_and_separated_by_commas_in_the_environment(work: Path) -> None:
    (work / "rag.toml").write_text('[answer]\nmodels = ["big.gguf", "extractive"]\n')
    found = resolve({}, environment={}, directory=work, user_file=work / "none")
    assert found.settings.answer_models == ("big.gguf", "extractive")
    environment = {"RAGCLI_ANSWER_MODELS": "a.gguf, extractive"}
    found = resolve({}, environment=environment, directory=work, user_file=work / "none")
    assert found.settings.answer_models == ("a.gguf", "extractive")
    (work / "rag.toml").write_text("[answer]\nmodels = [1]\n")
    with pytest.raises(SettingsError, match="list of texts"):
        resolve({}, environment={}, directory=work, user_file=work / "none")

"""What somebody sees of an index does not depend on what they may not see."""

from __future__ import annotations

import ast
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ragcli import Rag
from ragcli.access import Rules
from ragcli.datatypes import Access
from ragcli.errors import IndexDamaged, SettingsError, UsageError
from ragcli.index.sqlite.reader import IndexReader
from ragcli.index.sqlite.restricting import restrict
from ragcli.serving.mcp.library import Library
from tests.conftest import Rag as Command
from tests.helpers.rights import QUESTIONS, SEEN, USES, build_alone, build_around, outcome, seen_by, tag_of, tagged

PACKAGE = Path(__file__).resolve().parents[2] / "ragcli"
GRANTS = """
[groups.staff]
tags = ["public"]
[principals.anna]
tags = ["hr"]
groups = ["staff"]
[principals.bob]
groups = ["staff"]
[principals.eve]
tags = ["nothing"]
"""
RULES = """
[access]
grants = "grants.toml"
[[access.rules]]
path = "pub/**"
tags = ["public"]
[[access.rules]]
path = "hr/**"
tags = ["hr", "board"]
"""
LOOSE = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
SEEN_PATHS = st.lists(st.sampled_from(list(SEEN)), unique=True)


def around(folder: Path, count: int, seed: int) -> list[Path]:
    """Indexes that hold the same visible documents, and others; some of them have a Chroma collection."""
    found = []
    for number in range(count):
        found.append(folder / str(number) / ".rag")
        found[-1].parent.mkdir()
        build_around(found[-1], random.Random(seed * 1000 + number), finish=number % 3 == 0)
    return found


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return around(tmp_path_factory.mktemp("few"), 6, 1)


@pytest.mark.parametrize("use", USES)
def test_what_is_seen_is_the_same_whatever_else_an_index_holds(few: list[Path], use: str) -> None:
    """Each example compares the 15 pairs of 6 indexes."""

    @settings(LOOSE, max_examples=3, derandomize=True)
    @given(SEEN_PATHS, st.sampled_from(QUESTIONS))
    def check(paths: list[str], question: str) -> None:
        assert len({outcome(seen_by(directory, paths), use, question) for directory in few}) == 1

    check()


@pytest.mark.slow
def test_ten_thousand_pairs_of_indexes_show_the_same(tmp_path: Path) -> None:
    """Each example compares the 120 pairs of 16 indexes, which others take the place of after each third."""
    assert sum(compared(tmp_path / str(part), 28, part + 2) for part in range(3)) >= 10_000


def compared(folder: Path, examples: int, seed: int) -> int:
    """How many pairs of indexes showed the same."""
    folder.mkdir()
    indexes, pairs, whole = around(folder, 16, seed), 0, dict[Path, Rag]()

    @settings(LOOSE, max_examples=examples)
    @given(SEEN_PATHS, st.sampled_from(QUESTIONS), st.sampled_from(list(USES)))
    def check(paths: list[str], question: str, use: str) -> None:
        nonlocal pairs
        shown = {outcome(seen_by(directory, paths, whole=whole), use, question) for directory in indexes}
        assert len(shown) == 1
        pairs += len(indexes) * (len(indexes) - 1) // 2

    check()
    for rag in whole.values():
        rag.close()
    return pairs


@pytest.mark.parametrize("use", ["query", "ask", "documents", "why", "stats", "ls"])
def test_what_is_seen_is_what_an_index_of_it_alone_shows(few: list[Path], tmp_path: Path, use: str) -> None:
    paths = [path for path in SEEN if path not in ("hr/pay-2024.md", "site/pumps.txt")]
    build_alone(tmp_path / "alone" / ".rag", paths)
    for question in QUESTIONS:
        alone = outcome(seen_by(tmp_path / "alone" / ".rag", paths), use, question)
        assert outcome(seen_by(few[1], paths), use, question) == alone
        if use in ("query", "ask", "documents", "ls"):
            assert outcome(Rag(tmp_path / "alone" / ".rag"), use, question) == alone


def test_words_of_others_do_not_crowd_out_those_that_are_seen(tmp_path: Path) -> None:
    """Of the terms near a misspelt word 40 are looked at, and of those with a prefix 200."""
    near = {"stamdby"[:at] + letter + "stamdby"[at + 1 :] for at in range(2, 7) for letter in "acefghijkloqruvwxz"}
    begun = [f"pum{one}{other}" for one in "abcdefghijklmnoqrtuvwxyz" for other in "abcdefghijk"]
    text = " ".join([*sorted(near), *begun, *begun])
    crowd = [tagged("secret/words.txt", text, "board"), tagged("secret/more.txt", text + " again", "board")]
    for name, others in (("alone", []), ("crowded", crowd)):
        build_alone(tmp_path / name / ".rag", SEEN, others)
    shown = []
    for question in ("stamdby pay", "pum*", "pum* pressure"):
        alone, crowded = (
            outcome(seen_by(tmp_path / name / ".rag", SEEN), "query", question) for name in ("alone", "crowded")
        )
        assert alone == crowded
        shown.append(alone)
    assert "standby" in json.loads(shown[0])["notes"][0]
    assert "pumps.txt" in shown[1]


def test_the_graph_of_chroma_is_not_asked_for_somebody(few: list[Path]) -> None:
    directory = few[0]
    whole = Rag(directory, retrieval_engine="chroma")
    assert whole.stats().engine.answers == "chroma"
    whole.close()
    for question in QUESTIONS[:6]:
        exact, graph = (outcome(seen_by(directory, SEEN, engine), "query", question) for engine in ("exact", "chroma"))
        assert exact == graph
    assert seen_by(directory, SEEN, "chroma").stats().engine.answers == "exact"


def test_a_reader_for_somebody_gives_only_theirs_also_by_key_and_by_id(few: list[Path]) -> None:
    access = Access(frozenset([tag_of("hr/leave.md")]))
    whole, part = IndexReader(few[0]), IndexReader(few[0], access=access)
    keys = range(1, whole.manifest.next_row)
    assert {one.document.path for one in whole.fetch(keys).values()} > {"hr/leave.md"}
    assert {one.document.path for one in part.fetch(keys).values()} == {"hr/leave.md"}
    for entry in whole.page():
        mine = entry.document.path == "hr/leave.md"
        chunks = whole.document_chunks(entry.document_id)
        ids = [chunk.chunk_id for chunk in chunks]
        assert bool(part.document_chunks(entry.document_id)) == mine
        assert bool(part.surroundings(ids, 1, 1)) == mine
    assert part.manifest.generation == 0
    with pytest.raises(UsageError, match="only who sees the whole index"):
        part.check()
    whole.close()
    part.close()


def test_a_tag_that_one_bit_changed_is_damage(work: Path) -> None:
    build_alone(work / ".rag", SEEN)
    import sqlite3

    with sqlite3.connect(work / ".rag" / "catalog.sqlite3") as connection:
        connection.execute("UPDATE documents SET metadata = replace(metadata, 'hr-leave.md', 'hr-leavf.md')")
    with pytest.raises(IndexDamaged):
        outcome(seen_by(work / ".rag", ["hr/pay-2023.md"]), "query", "pay")


@pytest.fixture
def shared(rag: Command, write: Callable[[str, str | bytes], Path]) -> Command:
    """`rag` in a folder whose files are for everybody in it, and for those who are in `hr`."""
    write("pub/leave.md", "# Leave\n\nAnnual leave is 28 days.\n")
    write("pub/office.md", "# Office\n\nThe office opens at nine.\n")
    write("hr/leave.md", "# Leave\n\nAnnual leave is 28 days.\n")
    write("hr/bonus.md", "# Bonus\n\nThe zorblatt bonus is 400 euros.\n")
    write("free.md", "# Free\n\nAnybody may take a zorb.\n")
    write("rag.toml", RULES)
    write("grants.toml", GRANTS)
    rag("trust", "rag.toml")
    rag("ingest", "pub", "hr", "free.md")
    return rag


def paths(rag: Command, *arguments: str) -> list[str]:
    return [entry["path"] for entry in json.loads(rag("ls", "--json", *arguments).stdout)["documents"]]


def test_each_command_shows_what_somebody_may_see(shared: Command) -> None:
    assert len(paths(shared)) == 5
    assert paths(shared, "--as", "bob") == ["pub/leave.md", "pub/office.md"]
    assert paths(shared, "--as", "anna") == ["hr/bonus.md", "hr/leave.md", "pub/leave.md", "pub/office.md"]
    assert paths(shared, "--as", "eve") == []
    for command in (["query", "zorblat bonus"], ["ask", "How much is the zorblat bonus?"]):
        seen = shared(*command, "--as", "anna", code=None)
        assert "hr/bonus.md" in seen.stdout
        assert "zorblatt" in seen.stderr + seen.stdout
        unseen = shared(*command, "--as", "bob", code=None)
        assert not re.search("zorblatt|hr/|bonus.md", unseen.stdout + unseen.stderr)
        assert shared(*command, "--as", "eve", code=5).stdout.count("hr/") == 0
    assert json.loads(shared("stats", "--json", "--as", "bob").stdout)["documents"] == 2
    shared("why", "bonus", "--expect", "hr/bonus.md", "--as", "anna", code=None)
    there = shared("why", "bonus", "--expect", "hr/bonus.md", "--as", "bob", code=4).stdout
    nowhere = shared("why", "bonus", "--expect", "hr/nowhere.md", "--as", "bob", code=4).stdout
    assert there == nowhere
    shared("chat", "--as", "bob", stdin=b"zorblat bonus\n/quit\n")


def test_a_place_of_the_same_content_is_shown_to_those_who_see_that_place(shared: Command) -> None:
    assert "hr/leave.md" not in shared("query", "annual leave", "--as", "bob").stdout
    assert "hr/leave.md" in shared("query", "annual leave", "--as", "anna").stdout


def test_tags_change_with_the_rules_and_nothing_else_is_read_again(
    shared: Command, write: Callable[[str, str | bytes], Path]
) -> None:
    write("rag.toml", RULES.replace('"hr/**"', '"hr/bonus.md"'))
    shared("trust", "rag.toml")
    report = json.loads(shared("ingest", "--json").stdout)
    assert report["added"] + report["updated"] == 0
    assert paths(shared, "--as", "anna") == ["hr/bonus.md", "pub/leave.md", "pub/office.md"]
    write("rag.toml", RULES.replace('"hr/**"', '"**/leave.md"'))  # the copies have different tags, as before
    shared("trust", "rag.toml")
    shared("ingest")
    assert paths(shared, "--as", "bob") == ["pub/leave.md", "pub/office.md"]
    assert paths(shared, "--as", "anna") == ["hr/leave.md", "pub/leave.md", "pub/office.md"]


def test_copies_are_parted_when_their_tags_differ(rag: Command, write: Callable[[str, str | bytes], Path]) -> None:
    for name in ("a", "b", "c", "d"):
        write(f"{name}/text.md", "# Same\n\nThe same content everywhere.\n")
    write("grants.toml", '[principals.x]\ntags = ["x"]\n[principals.y]\ntags = ["y"]\n')
    rag("ingest", "a", "b", "c", "d")
    assert json.loads(rag("stats", "--json").stdout)["copies"] == 3
    grants = 'access.grants = "grants.toml"\n'
    steps = [
        ("", [], ["a", "b", "c", "d"]),
        ("a/**=x", ["a"], ["b", "c", "d"]),
        ("a/**=x c/**=x", ["a", "c"], ["b", "d"]),
        ("b/**=x", ["b"], ["a", "c", "d"]),
        ("**=x", ["a", "b", "c", "d"], []),
    ]
    for rules, seen, rest in steps:
        write("rag.toml", f"{grants}access.rules = {json.dumps([*rules.split(), 'nothing/**=none'])}\n")
        rag("trust", "rag.toml")
        rag("ingest")
        assert paths(rag, "--as", "x") == [f"{name}/text.md" for name in seen], rules
        assert sorted(paths(rag)) == sorted(f"{name}/text.md" for name in [*seen, *rest])
        rag("doctor")


def test_tags_that_were_given_stay_until_others_are(rag: Command, write: Callable[[str, str | bytes], Path]) -> None:
    write("one.md", "# One\n\nOne text.\n")
    write("grants.toml", '[principals.x]\ntags = ["x"]\n')
    write("rag.toml", '[access]\ngrants = "grants.toml"\n')
    rag("trust", "rag.toml")
    rag("ingest", "one.md", "--access", "x,y")
    for again in (["ingest"], ["ingest", "one.md"], ["ingest", "--rebuild"]):
        rag(*again)
        assert paths(rag, "--as", "x") == ["one.md"], again
    assert '"access.given":"x,y"' in "".join(rag("ls", "--json").stdout.split())
    for shown in (rag("ls", "--json", "--as", "x"), rag("query", "text", "--json", "--as", "x")):
        assert '"access.given":"x"' in "".join(shown.stdout.split())
        assert "x,y" not in shown.stdout
    write("one.md", "# One\n\nAnother text.\n")
    rag("ingest")
    assert paths(rag, "--as", "x") == ["one.md"]
    rag("ingest", "one.md", "--access", "y")
    assert paths(rag, "--as", "x") == []
    rag("ingest", "one.md", "--access", "")
    assert "access" not in rag("ls", "--json").stdout
    write("rag.toml", '[access]\ngrants = "grants.toml"\nuntagged = "everyone"\n')
    rag("trust", "rag.toml")
    assert paths(rag, "--as", "x") == ["one.md"]


def test_a_file_cannot_give_itself_tags_and_no_filter_reads_them(
    rag: Command, write: Callable[[str, str | bytes], Path]
) -> None:
    write("one.md", "---\naccess.given: x\naccess.ruled: x\naccess: x\n---\n# One\n\nOne text.\n")
    write("grants.toml", '[principals.x]\ntags = ["x"]\n')
    rag("ingest", "one.md")
    rag.monkeypatch.setenv("RAGCLI_ACCESS_GRANTS", "grants.toml")
    assert paths(rag, "--as", "x") == []
    for key in ("access", "access.given", "access.ruled"):
        rag("query", "one", "--filter", f"{key}=x", code=2)


def test_a_name_that_nobody_has_is_an_error_that_says_where_to_add_it(shared: Command) -> None:
    for name, meant in (("carl", ""), ("ana", "did you mean anna?")):
        problem = shared("query", "leave", "--as", name, code=2).stderr
        assert f"nobody is called '{name}'" in problem
        assert "grants.toml" in problem
        assert meant in problem
        assert f"[principals.{name}]" in problem
    Path("grants.toml").write_text(GRANTS + '[principals.carl]\ntags = ["hr"]\n')
    assert "hr/bonus.md" in shared("query", "bonus", "--as", "carl").stdout


@pytest.mark.parametrize(
    "text",
    [
        "principals = 3",
        "[principals]\nanna = ['hr']",
        "[principals.anna]\ntags = 'hr'",
        "[principals.anna]\ntags = ['h r']",
        "[principals.anna]\ngroups = ['none']",
        "[principals.anna]",
        "[principals.anna]\nscopes = ['x']",
        "[people.anna]\ntags = ['hr']",
        "[",
    ],
)
def test_a_file_that_is_no_file_of_grants_is_an_error(shared: Command, text: str) -> None:
    Path("grants.toml").write_text(text)
    assert "grants.toml" in shared("ls", "--as", "anna", code=2).stderr


def test_without_a_file_of_grants_the_error_says_how_one_is_set(
    rag: Command, write: Callable[[str, str | bytes], Path]
) -> None:
    write("one.md", "# One\n\nOne text.\n")
    rag("ingest", "one.md")
    assert "RAGCLI_ACCESS_GRANTS=grants.toml" in rag("ls", "--as", "anna", code=2).stderr
    rag.monkeypatch.setenv("RAGCLI_ACCESS_GRANTS", "none.toml")
    assert "none.toml" in rag("ls", "--as", "anna", code=2).stderr


def test_what_changes_the_index_is_refused_to_somebody(shared: Command) -> None:
    gold = ["tune", "g.jsonl"], ["calibrate", "g.jsonl"], ["compare", "a.toml", "b.toml", "--gold", "g.jsonl"]
    for command in (["ingest", "pub"], ["rm", "pub/office.md"], ["forget", "pub/office.md"], ["doctor"], *gold):
        said = shared(*command, "--as", "anna", code=2).stderr
        assert "needs the whole index" in said
        assert "leave --as out" in said
    assert "--as" in shared("ask", "leave", "--fresh", "--as", "anna", code=2).stderr
    assert "--as" in shared("mcp", "--allow-ingest", ".", "--as", "anna", "--http", "1", code=2).stderr
    with Rag(".rag", embedding_model="hashing") as whole:
        seen = whole.as_principal(["hr"])
        for change in (lambda: seen.ingest("pub"), lambda: seen.remove("pub/office.md"), lambda: seen.forget("x")):
            with pytest.raises(UsageError, match="sees the index as"):
                change()
        with pytest.raises(UsageError, match="seen as"):
            seen.as_principal(["public"])
    assert len(paths(shared)) == 5


def test_an_agent_sees_what_the_name_that_it_is_served_as_may_see(shared: Command) -> None:
    assert '"--as"' in shared("mcp", "--print-config", "claude", "--as", "bob").stdout
    library = Library(Path(".rag").absolute(), {"access_grants": str(Path("grants.toml").absolute())}, (), "bob")
    for mode in ("", "lexical"):
        assert [document.path for document in library.rag(mode).documents()] == ["pub/leave.md", "pub/office.md"]
        assert {hit.path for hit in library.rag(mode).query("leave bonus")} <= {"pub/leave.md", "pub/office.md"}
    library.close()


def test_what_was_shown_to_another_cannot_be_opened(shared: Command) -> None:
    shared("query", "zorblatt bonus")
    assert "bonus.md" in shared("open", "1", "--print", "--as", "anna").stdout
    assert "bonus" not in shared("open", "1", "--print", "--as", "bob", code=2).stderr


def test_the_audit_file_says_who_asked_and_which_index_it_was(shared: Command, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    shared.monkeypatch.setenv("RAGCLI_AUDIT_FILE", str(file))
    shared("query", "leave", "--as", "bob")
    shared("query", "leave")
    shared("ask", "leave", "--context-only", "--as", "bob")
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    assert [entry.get("principal") for entry in entries] == ["bob", None, "bob"]
    assert len({json.dumps(entry["index"]) for entry in entries}) == 1
    shared("audit", "verify")


def test_a_project_that_is_not_trusted_shows_nobody_more(
    rag: Command, write: Callable[[str, str | bytes], Path]
) -> None:
    write("hr/one.md", "# One\n\nOne text.\n")
    write("mine/grants.toml", '[principals.x]\ntags = ["x"]\n')
    write("rag.toml", 'access.untagged = "everyone"\naccess.rules = ["hr/**=x"]\naccess.grants = "grants.toml"\n')
    write("grants.toml", '[principals.x]\ntags = ["x", "all"]\n')
    rag.monkeypatch.setenv("RAGCLI_ACCESS_GRANTS", "mine/grants.toml")
    noted = rag("ingest", "hr").stderr
    assert "access.rules" in noted
    assert "rag trust" in noted
    assert paths(rag, "--as", "x") == []
    rag.monkeypatch.setenv("RAGCLI_ACCESS_UNTAGGED", "everyone")
    write("rag.toml", 'access.untagged = "nobody"\n')
    assert paths(rag, "--as", "x") == ["hr/one.md"]  # a variable comes after every file


def test_nobody_else_is_shown_anything_while_the_file_of_grants_is_ignored(
    rag: Command, write: Callable[[str, str | bytes], Path]
) -> None:
    write("hr/one.md", "# One\n\nOne text.\n")
    write("grants.toml", '[principals.x]\ntags = ["x"]\n')
    rag("ingest", "hr")
    project = write("rag.toml", '[access]\ngrants = "grants.toml"\n').absolute()
    for refused in (["ls", "--as", "x"], ["mcp", "--as", "x", "--print-config", "claude"], ["serve", "--listen", "0"]):
        found = rag(*refused, code=2)
        assert f"{project} sets access.grants" in found.stderr
        assert f"rag trust {project}" in found.stderr
        assert found.stdout == ""
    assert "--config" not in rag("mcp", "--print-config", "claude").stdout  # a file that is named is trusted
    rag.monkeypatch.setenv("RAGCLI_ACCESS_GRANTS", "grants.toml")
    assert paths(rag, "--as", "x") == []
    rag.monkeypatch.delenv("RAGCLI_ACCESS_GRANTS")
    rag("trust", "rag.toml")
    assert paths(rag, "--as", "x") == []
    assert str(project) in rag("mcp", "--print-config", "claude").stdout


def test_evaluations_are_of_what_is_seen(shared: Command, write: Callable[[str, str | bytes], Path]) -> None:
    gold = [
        {
            "id": "1",
            "question": "How long is annual leave?",
            "evidence": [{"path": "pub/leave.md", "quote": "28 days"}],
        },
        {
            "id": "2",
            "question": "How much is the zorblatt bonus?",
            "evidence": [{"path": "hr/bonus.md", "quote": "400 euros"}],
        },
    ]
    write("gold.jsonl", "".join(json.dumps(row) + "\n" for row in gold))
    seen = [
        json.loads(shared("eval", "gold.jsonl", "--json", "--no-timing", *whose, code=None).stdout)["metrics"]["hit@5"]
        for whose in ([], ["--as", "anna"], ["--as", "bob"])
    ]
    assert seen == [1.0, 1.0, 0.5]
    alone = json.dumps({**gold[1]}) + "\n"
    write("gold.jsonl", alone)
    missing = shared("eval", "gold.jsonl", "--as", "bob", code=None)
    write("gold.jsonl", alone.replace("hr/bonus.md", "hr/bonuz.md"))
    other = shared("eval", "gold.jsonl", "--as", "bob", code=None)
    assert missing.exit_code == other.exit_code
    assert missing.stderr == other.stderr.replace("bonuz", "bonus")


@pytest.mark.parametrize("rule", ["", "hr", "=hr", "hr/**=", "hr/**=h r", "hr/**=a+"])
def test_a_rule_that_is_none_is_an_error(rule: str) -> None:
    with pytest.raises(SettingsError, match=r"access\.rules"):
        Rules([rule])


def test_both_ways_to_write_rules_in_a_file_mean_the_same(
    rag: Command, write: Callable[[str, str | bytes], Path]
) -> None:
    for text in (
        '[[access]]\npath = "hr/**"\ntags = ["hr", "board"]\n',
        '[access]\n[[access.rules]]\npath = "hr/**"\ntags = ["hr", "board"]\n',
        '[access]\nrules = ["hr/**=hr+board"]\n',
    ):
        write("rag.toml", text)
        rag("trust", "rag.toml")
        shown = json.loads(rag("config", "show", "--json").stdout)["settings"]["access.rules"]["value"]
        assert shown == ["hr/**=hr+board"]
    write("rag.toml", '[[access]]\npath = "hr/**"\n')
    assert "needs path and tags" in rag("stats", code=2).stderr


def calls(path: Path) -> set[str]:
    """The names of functions and methods that a module calls, and of what it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }


def test_no_way_to_read_goes_round_the_rights() -> None:
    """The tables behind the views are named in one module; connections for reading come out of the pool, which restricts them;
    and readers of a store are opened by the engine, or by who changes the whole index."""
    modules = {str(path.relative_to(PACKAGE)): path for path in PACKAGE.rglob("*.py")}
    inside = {name: path.read_text(encoding="utf-8") for name, path in modules.items() if name.startswith("index/")}
    assert {name for name, text in inside.items() if re.search(r"\b(FROM|JOIN) main\.", text)} == {
        "index/sqlite/restricting.py"
    }
    opening = {name for name in inside if {"connect_reader", "open_catalog"} & calls(modules[name])}
    writing = {"index/sqlite/chroma.py", "index/sqlite/rebuilding.py", "index/sqlite/traces.py"}
    assert opening == {"index/sqlite/catalog.py", "index/sqlite/pool.py"} | writing
    assert {name for name in inside if "restrict" in calls(modules[name])} == {"index/sqlite/pool.py"}
    outside = {name: path for name, path in modules.items() if not name.startswith(("index/", "testing/"))}
    readers = {name for name, path in outside.items() if {"reader", "catalog"} & calls(path)}
    owners = {"cli/completing.py", "usecases/overview.py"}  # of who owns the files, before there is a command
    owners |= {"usecases/collections.py", "usecases/packing.py"}  # indexes as a whole; neither takes --as
    owners |= {"usecases/forgetting.py", "usecases/gold.py", "usecases/ingestion.py", "usecases/rights.py"}
    assert readers - {"text/tables.py"} == {"engine/index.py"} | owners  # a reader of CSV
    engines = {name for name, path in outside.items() if "Engine" in calls(path)}
    assert engines == {"api.py", "cli/session.py", "cli/tuning.py", "engine/wiring.py"}
    opened = {name for name, path in outside.items() if "OpenIndex" in calls(path)}
    assert opened == {"engine/index.py"}
    joined = {name for name, path in outside.items() if "JoinedIndex" in calls(path)}
    assert joined == {"engine/index.py"}


def test_a_restricted_connection_hides_every_table_that_names_documents(few: list[Path]) -> None:
    """A new table of the catalog that says something of a document needs a view of its own, or a place in this list."""
    import sqlite3

    connection = sqlite3.connect(few[0] / "catalog.sqlite3", isolation_level=None)
    tables = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
    restrict(connection, Access())
    views = {name for (name,) in connection.execute("SELECT name FROM temp.sqlite_master WHERE type = 'view'")}
    assert tables - views - {"sqlite_sequence"} == {
        "meta",
        "embeddings",
        "segments",
        "postings",
        "vector_runs",
        "totals",
    }
    for view in sorted(views):
        assert connection.execute(f"SELECT count(*) FROM {view}").fetchone()[0] == 0, view
    connection.close()

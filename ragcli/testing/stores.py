"""The contract of stores: everything that is done to one is done to a `MemoryStore` as well, and both must give the same."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ragcli.datatypes import Access, Filter, source_id
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import IndexIncompatible, IndexNotFound
from ragcli.index.pages import documents, every
from ragcli.index.protocol import Store
from ragcli.metadata import AccessTags
from ragcli.reports import Failure
from ragcli.testing.memory import MemoryStore
from ragcli.testing.store_cases import IDENTITY, answer, hash_of, many, message_of, put, shown, source
from ragcli.text.query import parse_query

_TOLERANCE = 1e-7  # of scores
_PATIENCE = 60  # seconds
_TEXTS = {
    "hr/leave.md": "# Leave\n\nEvery employee has 28 days of annual leave. It lapses in March.\n\n## Sick leave\n\nCall us.",
    "hr/pay.md": "# Pay\n\nStandby pay is 40 euros a night. Overtime is paid in the month after.",
    "site/pumps.txt": "The pump station pumps water to Ashby. Pumping stops when the pressure falls.",
    "site/parking.txt": "Parking spaces are for visitors. Annual permits are given out in March.",
    "east/leave.txt": "年假为二十八天。加班费在次月支付。\n",
    "east/nul.txt": "A text with \x00 in its middle, and standby in it.",
    "z/tie-1.txt": "identical words here",
    "z/tie-2.txt": "identical words here too",
    "z/tie-3.txt": "identical words here also",
}
_QUESTIONS = (
    "annual leave", "what is standby pay", '"annual leave" march', '"words identical"', "leave -sick", "pump*", "anual leav",
    "stanby pay", "identical words", "加班费", "\x00", "nothing of this kind", "",
)  # fmt: skip


class StoreContract:
    """`store` makes what is tested; `engine` is the engine with which it is read."""

    engine: str = "exact"

    def store(self) -> Store:
        """A store without an index, another one each time."""
        raise NotImplementedError

    def both(self, texts: dict[str, str] = _TEXTS) -> tuple[Store, MemoryStore]:
        """The store, and the one that it is compared with, both with these documents."""
        stores = self.store(), MemoryStore()
        for store in stores:
            with store.writer(IDENTITY) as writer:
                put(writer, texts)
                assert writer.finish() == []
        return stores

    def compare(
        self,
        stores: Sequence[Store],
        questions: Sequence[str] = _QUESTIONS,
        where: Filter = Filter(),  # noqa: B008 - frozen
        k: int = 5,
    ) -> None:
        """Both give the same chunks in the same order, with the same scores, for each of the questions."""
        readers = [store.reader(engine=self.engine) for store in stores]
        assert readers[0].engine_state(self.engine).answers == self.engine
        for question in questions:
            found, wanted = (answer(reader, question, where, k) for reader in readers)
            assert found[0] == wanted[0], question
            for leg, (ours, theirs) in enumerate(zip(found[1], wanted[1], strict=True)):
                assert [entry[0] for entry in ours] == [entry[0] for entry in theirs], (question, leg)
                for (_, score), (_, expected) in zip(ours, theirs, strict=True):
                    assert abs(score - expected) <= _TOLERANCE, (question, leg)
        for reader in readers:
            assert reader.check() == []
            reader.close()

    def test_an_empty_address_has_no_manifest_and_cannot_be_read(self) -> None:
        store = self.store()
        assert store.manifest() is None
        for read in (store.catalog, store.reader):
            assert store.address in message_of(IndexNotFound, read)

    def test_questions_find_the_same_in_the_same_order_with_the_same_scores(self) -> None:
        self.compare(self.both())
        self.compare(self.both({}), ("annual leave", ""))

    def test_equal_scores_are_in_the_order_of_keys_also_at_the_cut(self) -> None:
        stores = self.both({f"{i}.txt": "the same words" if i % 2 else f"other words {i}" for i in range(40)})
        for k in (1, 7, 30):
            self.compare(stores, ["the same words"], k=k)

    def test_a_filter_that_leaves_a_half_a_tenth_a_hundredth_or_a_thousandth_is_exact(self) -> None:
        stores = self.both(many(1000))
        for folder in ("half", "tenth", "hundredth", "thousandth"):
            self.compare(stores, ["word3 word5", "word17 word100 word250"], Filter(paths=(f"{folder}/**",)), k=20)

    def test_what_is_edited_copied_and_forgotten_is_the_same_everywhere(self) -> None:
        stores = self.both()
        copy = source("hr/leave.md", "copies/leave.md")
        for store in stores:
            with store.writer(IDENTITY) as writer:
                put(writer, {"hr/pay.md": "# Pay\n\nStandby pay is 50 euros a night, by the new rule."})
                writer.add_copies([(copy, source_id("hr/leave.md"))])
                assert writer.copied([source_id("hr/leave.md"), source_id("hr/pay.md")]) == {source_id("hr/leave.md")}
                writer.finish()
        self.compare(stores)
        self.compare(stores, where=Filter(paths=("copies/**",)))
        for store in stores:
            with store.writer(IDENTITY) as writer:
                assert writer.remove([source_id("hr/leave.md"), source_id("z/tie-1.txt"), "not there"]) == 2
                writer.finish()
            catalog = store.catalog()
            assert "copies/leave.md" in {document.path for document in documents(catalog)}, "the copy is the heir"
            assert set(catalog.find(["hr/leave.md", "copies/leave.md"])) == {"copies/leave.md"}
            catalog.close()
            with store.writer(IDENTITY) as writer:
                assert writer.outdated({"markdown": 1}, "") == frozenset(), (
                    "the heir was read by the reader of what it inherits"
                )
        self.compare(stores)

    def test_what_a_writer_asks_for_is_answered_from_what_is_committed(self) -> None:
        failed, unknown = source("x", "broken.pdf"), source_id("new")
        ids = [source_id("hr/pay.md"), failed.document_id, unknown]
        for store in self.both():
            with store.writer(IDENTITY) as writer:
                writer.record_failures([(failed, Failure("broken.pdf", "no pages"))], "7")
                writer.tag(ids[:1], {"tag.team": "hr"})
                assert writer.tags(ids) == {ids[0]: {"tag.team": "hr"}}
                assert [source.path for source in writer.known(ids).values()] == ["hr/pay.md"]
                assert [source.path for source in writer.twins([hash_of("hr/pay.md"), "none"])] == ["hr/pay.md"]
                assert [(entry[1].reason, entry[2]) for entry in writer.failed(ids).values()] == [("no pages", "7")]
                sources = [*every(lambda after, _: writer.page(after, 2))]
                assert [s.document_id for s in sources] == sorted(map(source_id, [*_TEXTS, "broken.pdf"]))

    def test_lists_are_the_same_and_are_read_in_pages_of_any_size(self) -> None:
        found = []
        for store in self.both():
            catalog = store.catalog()
            entries = [*every(catalog.page)]
            assert entries == [*every(lambda after, _: catalog.page(after, 2))]  # noqa: B023 - read at once
            files = [one for entry in entries for one in (entry.source, *entry.copies)]
            assert [*every(catalog.files)] == sorted(files, key=lambda one: one.document_id)
            assert [*every(lambda after, _: catalog.files(after, 2))] == [*every(catalog.files)]  # noqa: B023 - read at once
            for entry in entries:
                for one in (entry.source, *entry.copies):
                    assert catalog.listings([one.document_id]) == [entry]
            assert catalog.listings([one.document_id for one in files]) == entries
            assert catalog.listings(["nothing", ""]) == []
            lists = [catalog.roots(), catalog.folders(), catalog.type_counts(), catalog.counts(8)]
            lists.append(catalog.fingerprint())
            found.append((entries, lists, catalog.sources(["hr/pay.md", "none"])))
            catalog.close()
        assert found[0] == found[1]

    def test_a_snapshot_stays_as_it_is_while_another_thread_commits(self) -> None:
        store, _ = self.both()
        reader = store.reader(engine=self.engine)

        def write() -> None:
            with store.writer(IDENTITY) as writer:
                put(writer, {"new.txt": "a document about sabbaticals"})
                writer.finish()

        other = threading.Thread(target=write)
        with reader.snapshot():
            before, generation = answer(reader, "sabbaticals"), reader.generation()
            other.start()
            other.join(0.2)  # it may wait for the end of this snapshot
            assert (answer(reader, "sabbaticals"), reader.generation()) == (before, generation)
        other.join(_PATIENCE)
        assert reader.generation() != generation
        assert [entry[0] for entry in answer(reader, "sabbaticals")[1][0]] != [entry[0] for entry in before[1][0]]
        reader.close()

    def test_another_identity_is_an_error_that_names_both(self) -> None:
        store, _ = self.both()
        other = replace(IDENTITY, embedder=HashingEmbedder(32).identity)
        message = message_of(IndexIncompatible, lambda: store.writer(other).__enter__())
        assert "dimension 64" in message
        assert "dimension 32" in message

    def test_the_calibration_is_kept_also_by_a_rebuild(self) -> None:
        store, _ = self.both()
        with store.writer(IDENTITY) as writer:
            writer.calibrate({"threshold": 0.25})
        with store.writer(IDENTITY, rebuild=True) as writer:
            writer.finish()
        catalog = store.catalog()
        assert catalog.calibration() == {"threshold": 0.25}
        assert catalog.counts(8) == (0, 0, 0, 0)
        catalog.close()

    def test_a_rebuild_is_seen_when_it_is_finished_and_changes_nothing_before(self) -> None:
        for store in self.both():
            reader = store.reader(engine=self.engine)
            before, generation = answer(reader, "annual leave"), reader.generation()
            with suppress(ZeroDivisionError), store.writer(IDENTITY, rebuild=True) as writer:
                put(writer, {"new.txt": "annual leave anew"})
                assert (answer(reader, "annual leave"), reader.generation()) == (before, generation)
                raise ZeroDivisionError
            assert (answer(reader, "annual leave"), reader.generation()) == (before, generation)
            with store.writer(IDENTITY, rebuild=True) as writer:
                put(writer, {"new.txt": "annual leave anew"})
                writer.finish()
            assert [document.path for document in documents(reader)] == ["new.txt"]
            assert reader.generation() != generation
            assert reader.check() == []
            reader.close()
            assert store.roots() == store.roots(damaged=True) == ["new.txt"]

    def test_two_halves_score_as_the_whole_by_their_joint_statistics(self) -> None:
        paths = sorted(_TEXTS)
        parts = [
            {path: _TEXTS[path] for path in half if not path.startswith("east")} for half in (paths[::2], paths[1::2])
        ]
        halves = [self.both(part)[0].reader(engine=self.engine) for part in parts]
        whole = self.both({**parts[0], **parts[1]})[1].reader()
        words = [reader.resolve(parse_query("annual leave standby pump")) for reader in (*halves, whole)]
        joint = halves[0].statistics(words[0]) + halves[1].statistics(words[1])
        assert joint == whole.statistics(words[2])
        scores: dict[str, float] = {}
        for reader, own in zip(halves, words, strict=False):
            scores |= shown(reader, reader.candidates(own, None, 50, Filter(), joint).lexical)
            reader.close()
        wanted = dict(shown(whole, whole.candidates(words[2], None, 50, Filter()).lexical))
        assert scores.keys() == wanted.keys()
        assert all(abs(scores[chunk] - wanted[chunk]) <= _TOLERANCE for chunk in wanted)

    def test_somebody_sees_the_documents_with_their_tags_and_all_follows_from_these(self) -> None:
        tags = AccessTags(frozenset(["hr"])).metadata
        seen = {path: text for path, text in _TEXTS.items() if path.startswith(("hr/", "z/"))}
        stores, copy = self.both(), source("hr/leave.md", "copies/leave.md")
        for store in stores:
            with store.writer(IDENTITY) as writer:
                writer.add_copies([(copy, source_id("hr/leave.md"))])
                writer.tag([source_id(path) for path in seen], tags)
                assert writer.access([copy.document_id, source_id("site/pumps.txt"), "none"]) == {
                    copy.document_id: AccessTags(frozenset(["hr"])), source_id("site/pumps.txt"): AccessTags(),
                }  # fmt: skip
                assert writer.finish() == []
        alone = self.both(seen)[1]
        with alone.writer(IDENTITY) as writer:
            writer.add_copies([(copy, source_id("hr/leave.md"))])
            writer.tag([source_id(path) for path in seen], tags)
        for access, wanted in ((Access(frozenset(["hr", "board"])), alone), (Access(untagged=True), None)):
            ours, theirs = (store.reader(engine=self.engine, access=access) for store in stores)
            for other in [theirs, *([wanted.reader()] if wanted else [])]:
                for question in _QUESTIONS:
                    found, expected = answer(ours, question), answer(other, question)
                    assert found[0] == expected[0], question
                    for leg, right in zip(found[1], expected[1], strict=True):
                        assert [entry[0] for entry in leg] == [entry[0] for entry in right], question
                        assert all(abs(a[1] - b[1]) <= _TOLERANCE for a, b in zip(leg, right, strict=True)), question
                assert list(every(ours.page)) == list(every(other.page))
                assert ours.counts(8) == other.counts(8)
                assert ours.fingerprint() == other.fingerprint()
                assert (ours.folders(), ours.roots()) == (other.folders(), other.roots())
            assert ours.engine_state(self.engine).answers == "exact"
            assert (ours.failures(skipped=True), ours.calibration(), ours.disk_usage()) == ([], None, {})
            assert ours.manifest == theirs.manifest or ours.manifest.generation == theirs.manifest.generation == 0
            ours.close()

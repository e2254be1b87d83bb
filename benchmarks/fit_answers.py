"""Fits the models that choose an answer and say how likely it is right: writes `ragcli/generation/weights.json`.

    python benchmarks/fit_answers.py --natural GOLD INDEX [--natural ...] [--collection FOLDER INDEX ...] [--ranking] [--write]

`--natural` is a gold file with `must_groups` and `must_not`, such as those of `benchmarks/questions`, `--collection` a BEIR
folder with `answers.jsonl` (or with `gold.jsonl`), of which every second question fits; each with an index of it. Every
answerable question is also asked with the documents of its evidence taken out of the ranking: it then has no answer. What is
reported of a natural set comes from models that it did not fit. Without `--ranking` the shipped models choose the units, and
only the confidence is fitted."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from ragcli.engine.wiring import Engine
from ragcli.evaluation.judging import holds_phrase, plain
from ragcli.generation import weights
from ragcli.generation.choosing import Chooser, best_pair
from ragcli.generation.confidence import CONFIDENCE, confidence_row
from ragcli.generation.features import NAMES, asked, features
from ragcli.generation.likeness import LATE
from ragcli.generation.scored import Scored
from ragcli.generation.units import LONGEST, Unit, units_of
from ragcli.generation.weights import BIAS, Models, Stage
from ragcli.results import Hit
from ragcli.retrieval.stitching import widen
from ragcli.settings import resolve
from ragcli.text.folding import contains_quote
from ragcli.text.query import parse_query
from ragcli.workspace import workspace_at

Reward = Callable[[str], float]
# What people ask is mostly in their documents: questions without an answer count less than there are of them here.
NEAR_MISS, HIDDEN = 0.5, 0.05


@dataclass
class Question:
    """A question, the paths of the documents that answer it, and what an answer's text is worth, from -1 to 1."""

    text: str
    answerable: bool
    paths: frozenset[str]
    reward: Reward
    anywhere: bool = False  # whether any document may give the answer


@dataclass
class Sample:
    """A question over some hits."""

    question: Question
    hits: Sequence[Hit]
    weight: float
    hidden: bool

    def gains(self, units: Sequence[Unit]) -> np.ndarray:
        """What choosing each unit is worth to the ranking: a right one 1, less up to a third of its length; half of its
        reward any other."""
        reward = np.clip(self.worth(units), 0, 1)
        lengths = np.array([min(len(unit.shown), LONGEST) for unit in units])
        return np.where(reward >= 1, 1 - 0.3 * lengths / LONGEST, 0.5 * reward)

    def worth(self, units: Sequence[Unit]) -> np.ndarray:
        """The reward of each unit."""
        if self.hidden or not self.question.answerable:
            return np.zeros(len(units))
        right = [
            self.question.anywhere or _among(unit.hit.passage.document.path, self.question.paths) for unit in units
        ]
        return np.array([self.question.reward(u.shown) if ok else 0.0 for u, ok in zip(units, right, strict=True)])


def _among(path: str, wanted: frozenset[str]) -> bool:
    return any(path == one or path.endswith("/" + one) for one in wanted)


def natural(gold: Path) -> Iterator[Question]:
    """The questions of a gold file that are neither misspelt nor in another language."""
    for line in gold.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if {"typo", "foreign"} & set(row.get("tags", ())):
            continue
        groups = row.get("must_groups") or [[phrase] for phrase in row.get("must_contain", ())]
        banned = row.get("must_not", [])

        def reward(text: str, groups: list[list[str]] = groups, banned: list[str] = banned) -> float:
            folded = plain(text)
            if any(holds_phrase(folded, phrase) for phrase in banned):
                return -1.0
            met = sum(any(holds_phrase(folded, phrase) for phrase in group) for group in groups) / max(1, len(groups))
            return 0.3 * met if met < 1 else 1.0 if len(text) <= LONGEST else 0.6

        paths = frozenset(item["path"] for item in row.get("evidence", ()))
        yield Question(row["question"], row["answerable"], paths, reward, anywhere=True)


def collection(folder: Path) -> Iterator[Question]:
    """The questions of a BEIR folder with answers or spans, or of a gold file with answers."""
    if (folder / "gold.jsonl").exists():
        for row in _rows(folder / "gold.jsonl"):
            answers = row.get("answers", [])
            yield Question(row["question"], row["answerable"], frozenset(row.get("files", ())), _quotes(answers))
        return
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, document, *_ = line.split("\t")
        relevant.setdefault(question, set()).add(document)
    answers = {row["_id"]: row for row in _rows(folder / "answers.jsonl")}
    for row in _rows(folder / "queries.jsonl"):
        found = answers[row["_id"]]
        if "spans" in found and (folder / "docs").exists():
            paths = frozenset(f"{span['doc']}.md" for span in found["spans"])
            yield Question(row["text"], True, paths, _recall([span["text"] for span in found["spans"]]))
        else:
            yield Question(row["text"], True, frozenset(relevant[row["_id"]]), _quotes(found["answers"]))


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _quotes(answers: Sequence[str]) -> Reward:
    return lambda text: float(any(contains_quote(text, answer) for answer in answers if answer.strip()))


def _recall(spans: Sequence[str]) -> Reward:
    words = [word for span in spans for word in plain(span).split()]

    def reward(text: str) -> float:
        there = set(plain(text).split())
        share = sum(word in there for word in words) / max(1, len(words))
        return 1.0 if share > 0.85 else 0.4 * share

    return reward


def engine_for(index: Path) -> Engine:
    resolved = resolve({"index": str(index)}, environment={}, directory=Path.cwd(), user_file=Path("none"))
    return Engine(workspace_at(Path.cwd(), resolved))


def samples(engine: Engine, questions: Sequence[Question], weight: float) -> Iterator[Sample]:
    """Each question as it is, and each answerable one without its documents."""
    retriever = engine.retriever()
    for question in questions:
        hits = retriever.retrieve(question.text, 30).hits
        for hidden in (False, True) if question.answerable else (False,):
            kept = [hit for hit in hits if not (hidden and _among(hit.passage.document.path, question.paths))][:5]
            kept = [replace(hit, rank=rank) for rank, hit in enumerate(kept, 1)]
            if kept:
                wide = widen(kept, lambda ids: engine.index.reader.surroundings(ids, 1, 2))
                yield Sample(question, wide, weight, hidden)


def fit_ranking(data: Sequence[tuple[np.ndarray, np.ndarray, float]], penalty: float) -> np.ndarray:
    """Weights that maximise the mean log of the expected reward of a softmax over the units of each question (features,
    rewards, weight); `penalty` is that of the squared norm, for features scaled to variance 1."""
    data = [(x, y, w) for x, y, w in data if len(y) and y.max() > 0.3]
    everything = np.concatenate([x for x, _, _ in data])
    scale = everything.std(axis=0) + 1e-6
    z, reward = everything / scale, np.concatenate([y for _, y, _ in data])
    starts = np.cumsum([0, *(len(y) for _, y, _ in data[:-1])])
    owner = np.repeat(np.arange(len(data)), [len(y) for _, y, _ in data])
    weights = np.array([w for _, _, w in data])
    weights = weights / weights.sum()

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        scores = z @ w
        e = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        p = e / np.add.reduceat(e, starts)[owner]
        expected = np.add.reduceat(p * reward, starts) + 1e-9
        slope = p * (reward / expected[owner] - 1) * weights[owner]
        return -float(weights @ np.log(expected)) + penalty * float(w @ w), -(z.T @ slope) + 2 * penalty * w

    return minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x / scale


def fit_logistic(x: np.ndarray, y: np.ndarray, weights: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    """Weights and bias of a logistic regression, the features scaled to variance 1 for the penalty."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    model = LogisticRegression(C=1 / penalty, max_iter=3000).fit((x - mean) / scale, y, sample_weight=weights)
    return model.coef_[0] / scale, float(model.intercept_[0] - model.coef_[0] @ (mean / scale))


class Fit:
    """Fits the models in their order; each needs the ones before it."""

    def __init__(self, engines: Sequence[Engine], *, ranking: bool) -> None:
        kept = {} if ranking else weights.shipped().weights
        self.weights: dict[str, dict[str, float]] = {
            name: dict(kept.get(name, {}))
            for name in ("first", "second", "there_first", "right_first", "there_second", "right_second")
        }
        self.choosers = [(choosing_for(engine, late=True), choosing_for(engine, late=False)) for engine in engines]
        self.install()

    @property
    def models(self) -> Models:
        """What is fitted so far."""
        return Models(self.weights)

    def install(self) -> None:
        """Let the choosers use what is fitted so far."""
        for pair in self.choosers:
            for chooser in pair:
                chooser.models = self.models

    def first(self, data: Sequence[tuple[int, Sample]]) -> None:
        rows = []
        for number, sample in data:
            if sample.hidden or not sample.question.answerable:
                continue
            units = [unit for hit in sample.hits for unit in units_of(hit)]
            chooser = self.choosers[number][1]
            query = parse_query(sample.question.text)
            ids = list(dict.fromkeys(i for hit in sample.hits for i in hit.whole.chunk_ids))
            cosines = chooser.sentence_cosines(ids, chooser.embed_query(query.text))
            table = features(asked(sample.question.text, chooser.words(query)), units, cosines)
            rows.append((table, sample.gains(units), sample.weight))
        self.weights["first"] = _named(NAMES, fit_ranking(rows, 0.02))
        self.install()

    def scored(self, data: Sequence[tuple[int, Sample]], *, late: bool) -> list[Scored]:
        return [self.choosers[number][0 if late else 1].scored(s.question.text, s.hits) for number, s in data]

    def second(self, data: Sequence[tuple[int, Sample]], scored: Sequence[Scored]) -> None:
        rows = [(s.table, sample.gains(s.units), sample.weight) for (_, sample), s in zip(data, scored, strict=True)
                if len(s.names) > len(NAMES)]  # fmt: skip
        self.weights["second"] = _named(NAMES + LATE, fit_ranking(rows, 0.1))
        self.install()

    def confidence(self, data: Sequence[tuple[int, Sample]], scored: Sequence[Scored], kind: Stage) -> None:
        x, there, right, w = self.judged(data, scored)
        for name, rows, y, penalty in (("there", np.ones(len(x), bool), there, 33.0), ("right", there, right, 100.0)):
            coefficients, bias = fit_logistic(x[rows], y[rows], w[rows], penalty)
            self.weights[f"{name}_{kind}"] = _named(CONFIDENCE, coefficients) | {BIAS: round(bias, 5)}
        self.install()

    def judged(
        self, data: Sequence[tuple[int, Sample]], scored: Sequence[Scored]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Confidence features, whether the answer is there to be found, whether the chosen units are it, and weights."""
        rows = []
        for (_, sample), s in zip(data, scored, strict=True):
            chosen = best_pair(s, LONGEST)
            if chosen:
                there = sample.question.answerable and not sample.hidden
                share = 1.0 if there else HIDDEN if sample.hidden else NEAR_MISS
                rows.append((confidence_row(s, chosen), there, self.right(sample, s, chosen), share * sample.weight))
        x, there, right, w = zip(*rows, strict=True)
        return np.array(x), np.array(there, bool), np.array(right, bool), np.array(w)

    @staticmethod
    def right(sample: Sample, s: Scored, chosen: Sequence[int]) -> bool:
        """Whether the shown units together are worth 1."""
        units = [s.units[i] for i in chosen]
        if sample.hidden or not sample.question.answerable:
            return False
        if sample.question.anywhere:
            return sample.question.reward("\n".join(u.shown for u in units)) >= 1
        return bool(sample.worth(units).max() >= 1)


def choosing_for(engine: Engine, *, late: bool) -> Chooser:
    reader, embedding = engine.index.reader, engine.embedding
    embed = embedding.embed_tokens if late else None
    return Chooser(reader.resolve, embedding.embed_query, reader.sentence_cosines, embed)


def _named(names: Sequence[str], weights: np.ndarray) -> dict[str, float]:
    return {name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True) if abs(weight) > 1e-5}


Row = tuple[Sample, bool, float, int]  # a sample, whether its answer is right, the confidence in it, its length


def rows_of(data: Sequence[tuple[int, Sample]], scored: Sequence[Scored], fit: Fit, kind: Stage) -> list[Row]:
    """What the models answer."""
    rows: list[Row] = []
    for (_, sample), s in zip(data, scored, strict=True):
        chosen = best_pair(s, LONGEST)
        if chosen:
            confidence = fit.models.confidence(kind, confidence_row(s, chosen), CONFIDENCE)
            length = sum(len(s.units[i].shown) for i in chosen)
            rows.append((sample, fit.right(sample, s, chosen), confidence, length))
    return rows


def describe(title: str, rows: Sequence[Row]) -> None:
    """Print the shares of right answers and how well the confidence separates."""
    shown = [row for row in rows if row[0].question.answerable and not row[0].hidden]
    others = {
        "near misses": [row for row in rows if not row[0].question.answerable],
        "hidden": [row for row in rows if row[0].hidden],
    }
    right = [row[1] for row in shown]
    print(f"{title}: right {np.mean(right):.3f} of {len(shown)}, {np.mean([row[3] for row in shown]):.0f} characters")
    if 0 < sum(right) < len(right):
        print(f"  AUROC right against wrong {roc_auc_score(right, [row[2] for row in shown]):.3f}")
    for name, absent in others.items():
        if absent:
            known = [1] * len(shown) + [0] * len(absent)
            print(f"  AUROC against {name} {roc_auc_score(known, [row[2] for row in [*shown, *absent]]):.3f}")
    for t in (0.3, 0.4, 0.5, 0.6, 0.7):
        given = [row[1] for row in shown if row[2] >= t]
        wrong = (len(given) - sum(given)) / len(shown)
        told = [
            f"{name} declined {np.mean([r[2] < t for r in absent]):.2f}" for name, absent in others.items() if absent
        ]
        print(
            ", ".join([f"  threshold {t}: right {sum(given) / len(shown):.3f}, not right {wrong:.3f}", *told]),
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--natural", nargs=2, type=Path, action="append", required=True, metavar=("GOLD", "INDEX"))
    parser.add_argument("--collection", nargs=2, type=Path, action="append", default=[], metavar=("FOLDER", "INDEX"))
    parser.add_argument("--most", type=int, default=50, help="questions of a collection")
    parser.add_argument("--ranking", action="store_true", help="fit the models that choose the units as well")
    parser.add_argument("--write", action="store_true", help="write what was fitted to all sets to weights.json")
    options = parser.parse_args()
    started = time.monotonic()
    engines = [engine_for(index) for _, index in [*options.natural, *options.collection]]
    data: list[tuple[int, Sample]] = []
    for number, (gold, _) in enumerate(options.natural):
        data += [(number, s) for s in samples(engines[number], list(natural(gold)), 1.0)]
    for number, (folder, _) in enumerate(options.collection, len(options.natural)):
        questions = list(collection(folder))[::2]
        questions = questions[:: max(1, len(questions) // options.most)]
        data += [(number, s) for s in samples(engines[number], questions, 30 / len(questions))]
    print(f"{len(data)} samples ({time.monotonic() - started:.0f} s)", flush=True)
    fit = Fit(engines, ranking=options.ranking)
    if options.ranking:
        fit.first(data)
    first, second = fit.scored(data, late=False), fit.scored(data, late=True)
    print(f"compared ({time.monotonic() - started:.0f} s)", flush=True)
    names = [f"{gold.parent.name}/{gold.name}" for gold, _ in options.natural]
    for number, name in enumerate(names):
        others = [i for i, (own, _) in enumerate(data) if own != number]
        own = [i for i, (own, _) in enumerate(data) if own == number]
        for kind, scored in (("first", first), ("second", second)):
            fit_to(fit, [data[i] for i in others], [scored[i] for i in others], kind, ranking=options.ranking)
            found = [_again(scored[i], fit) for i in own]
            describe(f"{name}, fitted to the others, {kind} model", rows_of([data[i] for i in own], found, fit, kind))
    for kind, scored in (("first", first), ("second", second)):
        fit_to(fit, data, scored, kind, ranking=options.ranking)
    if options.write:
        target = Path(weights.__file__).with_name("weights.json")
        target.write_text(json.dumps(fit.weights, indent=1) + "\n", encoding="utf-8")
    print(f"{time.monotonic() - started:.0f} s")


def fit_to(
    fit: Fit, data: Sequence[tuple[int, Sample]], scored: Sequence[Scored], kind: Stage, *, ranking: bool
) -> None:
    """Fit the second model where that is asked for, and the confidence. The first model stays, since it chose what the second
    one compares."""
    if ranking and kind == "second":
        fit.second(data, scored)
    fit.confidence(data, [_again(s, fit) for s in scored], kind)


def _again(s: Scored, fit: Fit) -> Scored:
    """The same units under the second model's weights."""
    if len(s.names) == len(NAMES):
        return s
    scores = fit.models.scores("second", s.table, s.names)
    order = np.argsort(-scores, kind="stable")
    return Scored(tuple(s.units[i] for i in order), scores[order], s.table[order], s.names)


if __name__ == "__main__":
    main()

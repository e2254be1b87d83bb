"""`rag calibrate`: how sure to be before answering, fitted to a user's own questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.app.calibration import Calibration, save_calibration
from ragcli.app.gold_paths import resolver
from ragcli.datatypes import Filter
from ragcli.errors import GoldError
from ragcli.evaluation.gold import GoldQuestion, first_half, load_gold
from ragcli.evaluation.statistics import auroc, calibration_error, platt, reliability
from ragcli.generation.abstention import scaled
from ragcli.results import Hit

if TYPE_CHECKING:
    from ragcli.app.core import App

_FEWEST = 20  # questions, below which halves tell nothing
_Sample = tuple[float, bool, bool]  # confidence, whether the question is answerable, whether its evidence was found


def calibrate(app: App, gold: Path, *, on_progress: Callable[[str, int, int], None]) -> Calibration:
    """Fit the confidence and the threshold that separates answerable from unanswerable questions best on one half of them,
    measure both on the other, and store them with the index. Raises GoldError when a half lacks one of the two kinds."""
    path = app.directory / gold
    halves = _halves(app, path, on_progress)
    for half in halves:
        if len({answerable for _, answerable, _ in half}) < 2:
            raise GoldError(
                f"{path} needs answerable and unanswerable questions in both halves, at least {_FEWEST} in all",
                hint='add questions with "answerable": false that the documents do not answer',
            )
    slope, intercept = platt([c for c, _, _ in halves[0]], [found for _, _, found in halves[0]])
    fitted = [[(scaled(c, slope, intercept), answerable) for c, answerable, _ in half] for half in halves]
    threshold = _best_threshold(fitted[0])
    answered = [c >= threshold for c, _ in fitted[1]]
    answerable = [kind for _, kind in fitted[1]]
    held_out = [found for _, _, found in halves[1]]
    calibration = Calibration(
        threshold=threshold,
        questions=sum(len(half) for half in halves),
        answered_of_answerable=_share(answered, answerable, wanted=True),
        abstained_of_unanswerable=1 - _share(answered, answerable, wanted=False),
        auroc=auroc([c for c, _ in fitted[1]], answerable) or 0.0,
        parts=app.reader.fingerprint(documents=False),
        fingerprint=app.reader.fingerprint(),
        slope=slope,
        intercept=intercept,
        error_before=calibration_error(reliability([c for c, _, _ in halves[1]], held_out)),
        error_after=calibration_error(reliability([c for c, _ in fitted[1]], held_out)),
    )
    save_calibration(app.store, calibration)
    return calibration


def _halves(app: App, gold: Path, on_progress: Callable[[str, int, int], None]) -> list[list[_Sample]]:
    """The questions of either half, with the confidence that nothing was fitted to."""
    questions, resolve, answerer = load_gold(gold), resolver(app, gold), app.answerer()
    halves: list[list[_Sample]] = [[], []]
    for done, question in enumerate(questions):
        on_progress("questions", done, len(questions))
        result = answerer.retrieve(question.question, app.settings.retrieval_k, Filter())
        found = _found(question, result.hits, resolve)
        sample = (answerer.unscaled(result.asked, result.hits), question.answerable, found)
        halves[not first_half(question.id)].append(sample)
    return halves


def _found(question: GoldQuestion, hits: Sequence[Hit], resolve: Callable[[str], str | None]) -> bool:
    """Whether the question is answerable and a document that answers it, where it names any, is among the hits."""
    wanted = {resolve(item.path) for item in question.evidence}
    return question.answerable and (not wanted or any(hit.passage.document.path in wanted for hit in hits))


def _best_threshold(samples: Sequence[tuple[float, bool]]) -> float:
    """Youden's J: largest share of answerable answered plus share of unanswerable abstained; halfway between two confidences,
    the lowest of equals, to four places."""
    values = sorted({confidence for confidence, _ in samples})
    cuts = [(low + high) / 2 for low, high in pairwise(values)]

    def gain(cut: float) -> float:
        answered = [confidence >= cut for confidence, _ in samples]
        answerable = [kind for _, kind in samples]
        return _share(answered, answerable, wanted=True) - _share(answered, answerable, wanted=False)

    best: float = max(cuts, key=lambda cut: (round(gain(cut), 9), -cut), default=0.5)
    return round(best, 4)


def _share(answered: Sequence[bool], answerable: Sequence[bool], *, wanted: bool) -> float:
    chosen = [done for done, kind in zip(answered, answerable, strict=True) if kind is wanted]
    return sum(chosen) / len(chosen) if chosen else 0.0

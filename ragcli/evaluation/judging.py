"""Whether an answer is right by the phrases that it must and must not hold. Nothing here reads meaning: a gold file lists the
phrases of a right answer in groups of alternatives, and what would make an answer wrong.

A phrase stands in a text when it does after `plain`, and is not part of a longer word or number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from ragcli.evaluation.gold import GoldQuestion
from ragcli.evaluation.matching import paths_of
from ragcli.measurements import Judgement, Outcome
from ragcli.results import Answer, Hit

MAX_CHARACTERS = 600  # of a right answer, where its question does not say otherwise
OUTCOME_METRICS = (
    "answer_right", "answer_first", "answer_long", "answer_incomplete", "answer_wrong", "answer_abstained",
)  # fmt: skip
PASSAGES = 5
PASSAGE_METRIC = f"answer_recall@{PASSAGES}"

_MARKUP = re.compile(r"</?(?:span|strong|em|code|label|a|br)\b[^<>]*>")
_TYPOGRAPHY = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "`": "", "*": "", "\u00ad": ""}
)  # fmt: skip


def plain(text: str) -> str:
    """`text` without inline markup, case, typographic quotes and dashes, and with runs of white space as one space."""
    normal = unicodedata.normalize("NFKC", _MARKUP.sub("", text)).translate(_TYPOGRAPHY)
    return re.sub(r"\s+", " ", normal).strip().casefold()


def holds_phrase(text: str, phrase: str) -> bool:
    """Whether `phrase` stands in `text`, which `plain` gave, and no letter of a to z or digit goes on at its ends.

    False for a phrase that `plain` leaves empty.
    """
    wanted = plain(phrase)
    if not wanted:
        return False
    before = r"(?<![a-z0-9])" if wanted[0].isalnum() else ""
    after = r"(?![a-z0-9])" if wanted[-1].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, text) is not None


def groups_of(question: GoldQuestion) -> tuple[tuple[str, ...], ...]:
    """The groups of alternatives that the answer must hold: `must_groups`, or else each text of `must_contain`."""
    return question.must_groups or tuple((text,) for text in question.must_contain)


def missing_groups(text: str, groups: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The groups none of whose phrases stands in `text`, which need not be plain, in order."""
    made_plain = plain(text)
    return tuple(group for group in groups if not any(holds_phrase(made_plain, phrase) for phrase in group))


def judge(question: GoldQuestion, answer: Answer, *, max_characters: int = MAX_CHARACTERS) -> Judgement | None:
    """What became of the question; None when it is not answerable or says nothing about what its answer must hold.

    abstained: `answer.answered` is false, whatever is shown beside it. wrong: a phrase of `must_not` occurs, or no group is
    held. incomplete: some groups are held. right: all are. long: all are, in more characters than the question's own
    `max_characters`, or else than the one given here.
    """
    groups = groups_of(question)
    if not question.answerable or not groups:
        return None
    bound = question.max_characters or max_characters
    text = answer.text if answer.answered else ""
    missing, forbidden = missing_groups(text, groups), _forbidden(text, question)
    outcome: Outcome = "right" if len(text) <= bound else "long"
    if not answer.answered:
        outcome = "abstained"
    elif forbidden or len(missing) == len(groups):
        outcome = "wrong"
    elif missing:
        outcome = "incomplete"
    first = answer.sentences[0].text if outcome == "right" and answer.sentences else ""
    enough = bool(first) and not missing_groups(first, groups) and not _forbidden(first, question)
    return Judgement(outcome, enough, missing, forbidden, len(text), bound)


def _forbidden(text: str, question: GoldQuestion) -> tuple[str, ...]:
    made_plain = plain(text)
    return tuple(phrase for phrase in question.must_not if holds_phrase(made_plain, phrase))


def outcome_metrics(judgement: Judgement) -> dict[str, float]:
    """1 for the outcome and 0 for the others, under the names of `OUTCOME_METRICS`; `answer_first` is 1 when the answer is
    right and its first sentence or block alone would be."""
    found = {name: float(name == f"answer_{judgement.outcome}") for name in OUTCOME_METRICS}
    return found | {"answer_first": float(judgement.first)}


def passages_hold(question: GoldQuestion, hits: Sequence[Hit], resolve: Callable[[str], str | None]) -> float | None:
    """1 if the first five hits, those of documents of the evidence taken together, hold every group: what an answer out of
    them could be right about (recall of the answer at 5; Karpukhin et al., EMNLP 2020, ask for one phrase in one passage).

    `resolve` maps a gold path to the path of the index, or None; an empty path means any document. None without groups or
    without evidence.
    """
    groups = groups_of(question)
    if not groups or not question.evidence:
        return None
    paths = {resolve(item.path) for item in question.evidence}
    texts = [hit.passage.text for hit in hits[:PASSAGES] if "" in paths or paths & paths_of(hit)]
    return float(not missing_groups("\n".join(texts), groups))


def contradictions(question: GoldQuestion) -> list[str]:
    """What keeps an answer from ever being judged right, one sentence each: blank phrases, and phrases that are wanted and hold
    what is forbidden."""
    phrases = [*(phrase for group in question.must_groups for phrase in group), *question.must_not]
    found = [f"“{phrase}” of must_groups or must_not holds no word" for phrase in phrases if not plain(phrase)]
    for phrase in dict.fromkeys(phrase for group in groups_of(question) for phrase in group):
        barred = next(iter(_forbidden(phrase, question)), None)
        if barred is not None:
            found.append(f"the answer must hold “{phrase}”, which must_not forbids (“{barred}”)")
    return found

"""Who does what to whom: the clauses of a sentence held against those of its source. English only; see `text.clauses`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ragcli.text.clauses import Clause, clauses
from ragcli.text.figures import canonical_word

_LOOSE = frozenset({"be", "have"})  # verbs that say nothing of who acts: only their subject is held against the source
_STAFF = (
    "employee employees staff worker workers colleague colleagues personnel everyone everybody people person persons"
)
_SAME = {canonical_word(word): canonical_word("staff") for word in _STAFF.split()}


def role_problems(said: str, quote: str, known: Iterable[str], nearby: Iterable[str], language: str) -> list[str]:
    """What of the roles in `said` differs in `quote`: at most one problem for each clause.

    A clause whose verb is also the source's must have the same one acting and the same thing acted upon, in the active or in
    the passive, as one clause of the source with that verb; an agent that the source does not name is a problem. A clause with
    another verb must speak of something that the source speaks of, and its agent must stand together with what is acted
    upon. `known` are the stems around the quotation (title, headings): its subjects may be taken from there,
    and from `nearby`, the stems of the whole passage, where the source says only `she` or `they`.
    Clauses in which no verb is recognised, and texts that are not English, are not judged.
    """
    if language != "en":
        return []
    theirs = clauses(quote)
    pronouns = any(not clause.subject for clause in theirs)
    around = _merged([*known, *(nearby if pronouns else ())])
    everything = around | _merged(word for clause in theirs for word in (*clause.subject, *clause.rest, *clause.agent))
    problems = [_problem(clause, theirs, around, everything, _merged(_words(quote))) for clause in clauses(said)]
    return [problem for problem in problems if problem]


def _problem(
    said: Clause, theirs: Sequence[Clause], around: frozenset[str], everything: frozenset[str], quoted: frozenset[str]
) -> str:
    same = [clause for clause in theirs if clause.verb == said.verb]
    if same and said.verb not in _LOOSE:
        if all(_clash(said, clause, around) for clause in same):
            return f"who does what is different: the source has “{same[0].text}”"
        return ""
    if said.agent:
        agent, subject = _merged(said.agent), _merged(said.subject)
        together = (_merged((*other.subject, *other.rest, *other.agent)) for other in theirs)
        if not any(agent & words and (subject & words or not subject) for words in together):
            return f"the source does not say “{said.text}”"
    head = _merged([said.head]) if said.head else frozenset()
    return "" if head <= everything | quoted else f"the source does not speak of “{said.text}”"


def _clash(said: Clause, there: Clause, around: frozenset[str]) -> bool:
    """Whether the two, which have one verb, have different ones acting or acted upon."""
    actor, target = _roles(said)
    their_actor, their_target = _roles(there)
    both = their_actor & their_target  # tells nothing: Larkfield Water supplies drinking water
    actor, target, their_actor, their_target = (
        words - both or words for words in (actor, target, their_actor, their_target)
    )
    if actor and not actor & their_actor and (actor & their_target or _other_actor(actor, there, their_actor, around)):
        return True
    if said.passive and target and not target & their_target:
        return bool(their_target) or bool(target & their_actor)
    return bool(target & their_actor and not target & their_target and their_actor - actor)


def _other_actor(actor: frozenset[str], there: Clause, their_actor: frozenset[str], around: frozenset[str]) -> bool:
    if their_actor:
        return True
    return there.passive and not actor <= around


def _roles(clause: Clause) -> tuple[frozenset[str], frozenset[str]]:
    """The words for the one acting and for what is acted upon."""
    if clause.passive:
        return _merged(clause.agent), _merged(clause.subject)
    return _merged(clause.subject), _merged(clause.rest)


def _words(text: str) -> Iterable[str]:
    return (canonical_word(word) for word in text.replace("-", " ").split() if word[0].isalnum())


def _merged(words: Iterable[str]) -> frozenset[str]:
    """Words for members of staff count as one word."""
    return frozenset(_SAME.get(word, word) for word in words)

"""Pairs of a sentence and a source, written by rule from the example documents, with what should be said of each.

A `Fact` has its source as it stands in a document, and the same statement in three parts. From these come paraphrases (the tail in
front, the tail left out, said as a rule, figures in words), and statements that differ in one thing: a figure, the subject, a
negation. A `Deed` has someone who acts and something acted upon: it comes in the active, in the passive, and with the two exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["paraphrase", "figure", "name", "negation", "subject", "roles"]


@dataclass(frozen=True)
class Pair:
    """`said` is held against `source`; `true` says whether the source bears it out."""

    kind: Kind
    said: str
    source: str
    true: bool


@dataclass(frozen=True)
class Fact:
    """`subject predicate tail` says what the source says; `denied` is the predicate with a negation."""

    source: str
    subject: str
    predicate: str
    denied: str
    tail: str


@dataclass(frozen=True)
class Deed:
    """`agent active patient tail` and `patient passive by agent tail` say the same, and both what the source says."""

    source: str
    agent: str
    active: str
    passive: str
    patient: str
    tail: str = ""


FACTS = (
    Fact("The limit for a hotel night is 135 euros including breakfast, and 165 euros in cities with more than a million inhabitants.",
         "the limit for a hotel night", "is 135 euros", "is not 135 euros", "including breakfast"),
    Fact("The use of a private car is reimbursed with 0.38 euros per kilometre.",
         "the use of a private car", "is reimbursed", "is not reimbursed", "with 0.38 euros per kilometre"),
    Fact("Expense claims are entered in the portal within 60 days after the trip.",
         "expense claims", "are entered in the portal", "are not entered in the portal", "within 60 days after the trip"),
    Fact("The regular week has 37.5 hours.", "the regular week", "has 37.5 hours", "does not have 37.5 hours", ""),
    Fact("Engineers on standby must be able to reach their treatment works within 40 minutes.",
         "engineers on standby", "must be able to reach their treatment works", "must not be able to reach their treatment works",
         "within 40 minutes"),
    Fact("A standby week is paid with a flat 310 euros, and each call-out counts as at least two hours of working time.",
         "a standby week", "is paid", "is not paid", "with a flat 310 euros"),
    Fact("Every employee has 28 days of annual leave per calendar year.",
         "every employee", "has 28 days of annual leave", "does not have 28 days of annual leave", "per calendar year"),
    Fact("Parents may take up to 30 months of parental leave per child until the child's eighth birthday.",
         "parents", "may take up to 30 months of parental leave", "may not take up to 30 months of parental leave", "per child"),
    Fact("A medical certificate is needed from the fourth calendar day of an illness.",
         "a medical certificate", "is needed", "is not needed", "from the fourth calendar day of an illness"),
    Fact("Office staff may work remotely for up to three days a week.",
         "office staff", "may work remotely", "may not work remotely", "for up to three days a week"),
    Fact("Laptops are replaced after four years.", "laptops", "are replaced", "are not replaced", "after four years"),
    Fact("Lost or stolen devices must be reported to the service desk within two hours, at any time of day, on extension 4400.",
         "lost or stolen devices", "must be reported to the service desk", "must not be reported to the service desk", "within two hours"),
    Fact("Each employee has a training budget of 1,200 euros and five training days a year.",
         "each employee", "has a training budget of 1,200 euros", "does not have a training budget of 1,200 euros", "a year"),
    Fact("The billing database is backed up every night at 01:30 to the second site at Quarry Hill.",
         "the billing database", "is backed up to the second site", "is not backed up to the second site", "every night at 01:30"),
    Fact("Backups are kept for 35 days, those of the last day of a year for ten years.",
         "backups", "are kept", "are not kept", "for 35 days"),
    Fact("Trips are booked by the travel desk, at least ten days ahead where possible.",
         "trips", "are booked by the travel desk", "are not booked by the travel desk", "at least ten days ahead"),
    Fact("Visitors sign in at the front desk and are accompanied at all times.",
         "visitors", "are accompanied", "are not accompanied", "at all times"),
    Fact("Charging costs 0.29 euros per kilowatt hour and is settled with the payroll.",
         "charging", "costs 0.29 euros", "does not cost 0.29 euros", "per kilowatt hour"),
    Fact("Rooms are released when nobody has checked in ten minutes after the start of a booking.",
         "rooms", "are released", "are not released", "ten minutes after the start of a booking"),
    Fact("Since last summer 310 loggers listen to the network at night.",
         "310 loggers", "listen to the network", "do not listen to the network", "at night"),
    Fact("Losses fell from 9.4 to 7.9 percent of the water that leaves the works.",
         "losses", "fell from 9.4 to 7.9 percent", "did not fall from 9.4 to 7.9 percent", ""),
    Fact("The price for guests rises by 30 cents in April.",
         "the price for guests", "rises by 30 cents", "does not rise by 30 cents", "in April"),
    Fact("Samples were taken every 30 minutes until noon.",
         "samples", "were taken", "were not taken", "every 30 minutes until noon"),
    Fact("The last full restore took 3 hours and 40 minutes.",
         "the last full restore", "took 3 hours and 40 minutes", "did not take 3 hours and 40 minutes", ""),
)  # fmt: skip

DEEDS = (
    Deed("Trips are booked by the travel desk, at least ten days ahead where possible.",
         "the travel desk", "books", "are booked", "trips", "at least ten days ahead"),
    Deed("L. Brandt organises the summer party on 27 June.",
         "Brandt", "organises", "is organised", "the summer party", "on 27 June"),
    Deed("The alarm was raised by the analyser AN-17, but the message went to a telephone number that had been given up in September.",
         "the analyser AN-17", "raised", "was raised", "the alarm"),
    Deed("The standby engineer flushed the valve and switched to the spare pump.",
         "the standby engineer", "flushed", "was flushed", "the valve"),
    Deed("The duty manager calls the standby engineer when billing is down for more than 30 minutes.",
         "the duty manager", "calls", "is called", "the standby engineer"),
    Deed("Larkfield Water supplies drinking water to 61,400 homes in the Larkfield valley.",
         "Larkfield Water", "supplies", "is supplied", "drinking water", "to 61,400 homes"),
    Deed("The health insurance pays sick benefit after six weeks.",
         "the health insurance", "pays", "is paid", "sick benefit", "after six weeks"),
    Deed("The head of department approves higher prices before the booking.",
         "the head of department", "approves", "are approved", "higher prices", "before the booking"),
    Deed("The service desk informs the people team of each lost laptop.",
         "the service desk", "informs", "is informed", "the people team"),
    Deed("The operations centre checks the alarm numbers each month.",
         "the operations centre", "checks", "are checked", "the alarm numbers", "each month"),
    Deed("The council asks the management for 360 euros.", "the council", "asks", "is asked", "the management", "for 360 euros"),
    Deed("The maintenance team replaces the non-return valve by 31 January 2025.",
         "the maintenance team", "replaces", "is replaced", "the non-return valve", "by 31 January 2025"),
    Deed("Imke Sander leads the laboratory since January.", "Imke Sander", "leads", "is led", "the laboratory", "since January"),
    Deed("The travel policy of 2025 replaces the travel rules of the old handbook.",
         "the travel policy", "replaces", "are replaced", "the travel rules"),
    Deed("The gateway sends the readings to the billing system every 15 minutes.",
         "the gateway", "sends", "are sent", "the readings", "every 15 minutes"),
    Deed("The team lead signs the report before the works council meets.", "the team lead", "signs", "is signed", "the report"),
)  # fmt: skip

_NUMBERS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "ten": "10",
    "40": "forty",
    "60": "sixty",
    "30": "thirty",
}
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*|\b(?:two|three|four|five|ten|fourth)\b")
_CHANGED = {"two": "three", "three": "four", "four": "five", "five": "six", "ten": "twelve", "fourth": "sixth"}
_NAMES = ("Brandt", "Larkfield", "Imke Sander", "AN-17")


def pairs() -> list[Pair]:
    """All pairs, in an order that is always the same, each once."""
    return list(dict.fromkeys([*_of_facts(), *_of_deeds()]))


def _of_facts() -> Iterator[Pair]:
    for number, fact in enumerate(FACTS):
        said = list(_said(fact.subject, fact.predicate, fact.tail))
        yield from (Pair("paraphrase", text, fact.source, True) for text in said)
        yield from (Pair("paraphrase", changed, fact.source, True) for changed in _respelt(said[0]))
        for text in said[:2]:
            yield from (Pair("figure", changed, fact.source, False) for changed in _other_figures(text))
        yield from (Pair("negation", text, fact.source, False) for text in _said(fact.subject, fact.denied, fact.tail))
        source = fact.source.replace(fact.predicate, fact.denied, 1)
        if source != fact.source:
            yield from (Pair("negation", text, source, False) for text in said)
        for step in (5, 11):
            other = FACTS[(number + step) % len(FACTS)].subject
            yield from (
                Pair("subject", text, fact.source, False) for text in [*_said(other, fact.predicate, fact.tail)][:2]
            )


def _of_deeds() -> Iterator[Pair]:
    for deed in DEEDS:
        for tail in dict.fromkeys((deed.tail, "")):
            for one, other, true in ((deed.agent, deed.patient, True), (deed.patient, deed.agent, False)):
                kind: Kind = "paraphrase" if true else "roles"
                yield Pair(kind, _sentence(one, deed.active, other, tail), deed.source, true)
                yield Pair(kind, _sentence(other, deed.passive, "by", one, tail), deed.source, true)
        for name in _NAMES:
            if name in deed.agent:
                for text in (
                    _sentence(deed.agent, deed.active, deed.patient),
                    _sentence(deed.patient, deed.passive, "by", deed.agent),
                ):
                    yield from (
                        Pair("name", text.replace(name, other), deed.source, False)
                        for other in ("Novak", "Ashby", "Piotr Novak", "GW-204")
                    )


def _said(subject: str, predicate: str, tail: str) -> Iterator[str]:
    yield _sentence(subject, predicate, tail)
    if tail:
        yield _sentence(f"{tail},", subject, predicate)
        yield _sentence(subject, predicate)
    yield _sentence("it is the rule that", subject, predicate, tail)


def _respelt(text: str) -> Iterator[str]:
    """The sentence with one figure written the other way: in words or in digits."""
    for word, other in _NUMBERS.items():
        changed = re.sub(rf"(?<![.,:])\b{word}\b(?![.,:]\d)", other, text)
        if changed != text:
            yield changed


def _other_figures(text: str) -> Iterator[str]:
    """The sentence with one figure changed, for each of its figures."""
    for match in _FIGURE.finditer(text):
        figure = match.group()
        other = _CHANGED.get(figure) or figure[:-1] + str((int(figure[-1]) + 3) % 10)
        yield text[: match.start()] + other + text[match.end() :]


def _sentence(*parts: str) -> str:
    text = " ".join(part for part in parts if part)
    return text[0].upper() + text[1:] + "."

"""The little world that the copying model knows: sentences, questions, and the product's own prompts over them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ragcli.datatypes import DocumentRecord, Span
from ragcli.generation.prompt import REFUSAL, Templates, make_prompt
from ragcli.prompts import Prompt, Source
from ragcli.results import Hit, Passage
from ragcli.scores import ScoreTrace

ADJECTIVES = """red blue green old new small large round heavy light cold warm dark bright broken empty full quiet wooden golden
silver narrow wide upper lower northern southern eastern western winter summer spare main second""".split()
NOUNS = """box jar key lamp door pump engine valve house garden office shop library bridge tower station train ship truck table
chair window mirror clock map book letter ticket tank boiler sensor filter cable motor gate fence roof cellar kitchen
hall""".split()
VERBS = """holds needs costs opens closes weighs contains uses makes stores carries lasts burns saves""".split()
UNITS = """days hours minutes weeks months years litres metres grams kilos euros coins keys books tickets seats bottles pages
boxes chairs lamps rooms""".split()
NAMES = """Anna Boris Clara David Emma Frank Greta Hugo Iris Jonas Karin Luis Maria Nadia Oscar Paula Quinn Rosa Simon
Tamara""".split()
PLACES = """Berlin Lyon Oslo Turin Porto Bergen Graz Malmo Bruges Krakow Tartu Vienna""".split()
FRAME = ["The", "the", "is", "in", "by", "and", "was", "made", "kept", "near", "to", "of", "a", "who", "Who", "What", "How",
         "many", "much", "Where", "does", "do", "did", "hold", "need", "cost", "open", "close", "weigh", "contain", "use",
         "make", "store", "carry", "last", "burn", "save"]  # fmt: skip
BASE = dict(zip(VERBS, FRAME[-len(VERBS) :], strict=True))


@dataclass(frozen=True)
class Fact:
    sentence: str
    questions: tuple[str, ...]


def make_fact(dice: random.Random, thing: str) -> Fact:
    """A sentence about `thing`, such as "blue jar", and questions that it answers."""
    kind = dice.randrange(4)
    if kind <= 1:
        verb, unit, number = dice.choice(VERBS), dice.choice(UNITS), dice.randrange(2, 1000)
        return Fact(
            f"The {thing} {verb} {number} {unit}.",
            (f"How many {unit} does the {thing} {BASE[verb]}?", f"What does the {thing} {BASE[verb]}?"),
        )
    if kind == 2:
        return Fact(f"The {thing} was made by {dice.choice(NAMES)}.", (f"Who made the {thing}?",))
    return Fact(
        f"The {thing} is kept in {dice.choice(PLACES)}.", (f"Where is the {thing}?", f"Where is the {thing} kept?")
    )


def make_example(dice: random.Random, most: int = 8) -> tuple[Prompt, str]:
    """A prompt as the product makes it, with facts about 2 to `most` things, and the reply to it."""
    pairs = [f"{a} {n}" for a in dice.sample(ADJECTIVES, 6) for n in dice.sample(NOUNS, 3)]
    things = dice.sample(list(dict.fromkeys(pairs)), dice.randrange(2, most + 1))
    asked, told = things[0], list(things)
    dice.shuffle(told)
    answerable = dice.random() < 0.8
    if not answerable:
        told.remove(asked)
    facts = {thing: make_fact(dice, thing) for thing in things}
    count = dice.randrange(1, min(4, len(told)) + 1)
    cuts = sorted(dice.sample(range(1, len(told)), count - 1)) if count > 1 else []
    groups = [told[i:j] for i, j in zip([0, *cuts], [*cuts, len(told)], strict=True)]
    texts = [" ".join(facts[thing].sentence for thing in group) for group in groups]
    fact = facts[asked]
    prompt = prompt_over(dice.choice(fact.questions), texts, title=dice.choice(NOUNS))
    number = next((i for i, group in enumerate(groups, start=1) if asked in group), 0)
    return prompt, f"{fact.sentence} [{number}]" if answerable else REFUSAL


def prompt_over(question: str, texts: Sequence[str], *, title: str = "notes") -> Prompt:
    trace = ScoreTrace("convex", (), 1.0)
    record = DocumentRecord("d", "d.md", "", "markdown", title, 1, True)
    hits = [
        Hit(Passage(record, ("c",), text, Span(0, len(text)), ()), 1.0, i, trace) for i, text in enumerate(texts, 1)
    ]
    sources = [Source(i, hit, text) for i, (hit, text) in enumerate(zip(hits, texts, strict=True), 1)]
    return make_prompt(question, sources, Templates())


def words() -> list[str]:
    """Every word that prompts and replies of this world consist of."""
    text = " ".join([
        *ADJECTIVES, *NOUNS, *VERBS, *UNITS, *NAMES, *PLACES, *FRAME, REFUSAL,
        prompt_over("What?", ["x"]).system, prompt_over("What?", ["x"]).user, prompt_over("Where is it?", ["x"]).user,
    ])  # fmt: skip
    return sorted({word.strip("[].,:;?()") for word in text.split()} - {""})

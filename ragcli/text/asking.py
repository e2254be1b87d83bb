"""What a question wants: the form of its answer, and the kind of thing that must be in it. Rules over English, German,
French and Spanish words; what no rule knows is "any"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Form = Literal["list", "steps", "yes_no", "definition", "comparison", "reason", "code", "any"]
Thing = Literal[
    "money", "duration", "date", "count", "percent", "number", "person", "place", "address", "phone", "name", "any"
]

_I = re.IGNORECASE
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    (
        "comparison",
        re.compile(r"\b(vs|differences?|differs?|different|compare[sd]?|comparison|versus|vs\.?|longer or shorter|"
            r"unterschied\w*|vergleich\w*|"
                   r"différences?|diferencias?)\b|\bwhich of the two\b", _I),
    ),
    ("reason", re.compile(r"^\W*(why|how come|for what reason|what caused?|warum|weshalb|wieso|pourquoi|por qué)\b", _I)),
    (
        "steps",
        re.compile(r"\bhow (?:do|can|should|must|would|could) (?:i|we|you|one|someone|people|users?|employees?|the|"
            r"an?)\b|\bhow to\b|\bhow (?:is|are|was|were)\b.*"
                   r"\b(?:made|done|built|set up|installed|created|prepared|configured|released|handled|"
                       r"requested)\b|\bsteps\b|\bprocedure\b|"
                   r"\bprocess (?:for|of|to)\b|\bwhat (?:do|must|should|can) (?:i|we) (?:do|have to do|"
                       r"need to do)\b|\bwhat (?:happens|now)\b|"
                   r"\bhow (?:can|do) .* fix\b|\bwie (?:kann|muss|soll|mache|installiere)\b|\bcomment\b|\bcómo\b|"
                       r"\brecipe\b", _I),
    ),
    (
        "list",
        re.compile(r"\b(?:which|what)(?: sorts? of| kinds? of| types? of|) (?!does|was|is|has|counts|happens|"
            r"decides)[\w'-]*(?:[^s\W]s|people|criteria)\b|\bwhat (?:are|were) (?:the|our|all|some|valid)\b|"
                   r"\blist\b|\bname (?:the|all)\b|\bexamples? of\b|\bwhat (?:all )?(?:do|does|should|must|must not|"
                       r"can|may|has to|have to|need)\b.*"
                   r"\b(?:buy|contain|include|tell|need|bring|provide|responsible|info|cover|not|always)\b|"
                       r"\bingredients\b|\bvalues\b|"
                   r"\bwhat is (?:forbidden|prohibited|allowed|required|needed|covered|included|not)\b|"
                       r"\bresponsib\w+\b|\bin (?:which|what) cases\b|"
                   r"\bwhat info(?:rmation)?\b|\bwelche\b|\bquels?\b|\bquelles\b|\bcuáles\b", _I),
    ),
    (
        "definition",
        re.compile(r"^\W*(?:what(?:'s| is| are| does| do)|define|was (?:ist|sind|heißt)|qu'est-ce que|qué (?:es|"
            r"son)) (?:(?:an?|the|it|by) )?"
                   r"['\"“]?[\w .-]{2,40}['\"”]?(?: mean| stand for)?\W*$|\bdefinition\b|\bmeaning of\b|"
                       r"\bwhat is meant\b|\bwhen is an?\b.*['\"“‘]", _I),
    ),
    (
        "yes_no",
        re.compile(r"(?<!\w )(?:^|[.,:] |\bor )(?:so |and |but )?(?:is|are|was|were|am|do|does|did|can|could|may|"
            r"might|will|would|should|shall|must|has|have|had|isn't|"
                   r"aren't|don't|doesn't|can't|ist|sind|kann|darf|muss|gibt|hat|est-ce|peut-on|puis-je|puede|hay|es)\b|"
                   r"^(?!.*\b(?:who|what|when|where|which|how|why)\b).*\b(?:am i|are we|is it|can i|can we|may i|"
                       r"may we|do i|do we|should i|should we|does that)\b|\b(?:ok|okay|allowed)\?*$", _I),
    ),
    ("code", re.compile(r"\b(command|snippet|code|syntax|option for|flag)\b", _I)),
)  # fmt: skip
_THINGS: tuple[tuple[Thing, re.Pattern[str]], ...] = (
    ("phone", re.compile(r"\b(phone|telephone|fax|call(?:ing)? number|telefonnummer)\b", _I)),
    ("address", re.compile(r"\b(e-?mail address|whom? (?:do|should|can|must) i (?:e-?mail|mail|write|contact)|url|"
        r"link|website|web page)\b", _I)),
    ("percent", re.compile(r"\b(percent(?:age)?|what (?:share|proportion|fraction)|prozent)\b|%", _I)),
    (
        "money",
        re.compile(r"\bhow much (?:money|does .* (?:cost|charge|pay)|do(?:es)? .* (?:earn|get paid|make)|"
            r"is the (?:fee|fine|price|bonus|salary|budget))|"
                   r"\b(price|cost|costs|salary|salaries|earn|fee|budget|bonus|allowance|wage|charge|kostet|preis|"
                       r"gehalt|prix|coûte|cuesta|precio)\b", _I),
    ),
    (
        "duration",
        re.compile(r"\bhow (?:long|often|soon|fast|quickly|frequently)\b|\bhow many (?:days|weeks|months|years|"
            r"hours|minutes|seconds)\b|"
                   r"\b(duration|period|deadline|interval|within what time|wie (?:lange|oft)|combien de (?:temps|"
                       r"jours|semaines))\b|\bdays off\b|\btime\b", _I),
    ),
    (
        "date",
        re.compile(r"\b(when|what (?:year|date|day|month)|which (?:year|date|day|month)|until when|by when|"
            r"since when|wann|quand|cuándo)\b|\bdate\b", _I),
    ),
    (
        "count",
        re.compile(r"\bhow many\b|\bnumber of\b|\bwie ?viele\b|\bcombien\b|\bcuánt[oa]s\b", _I),
    ),
    (
        "number",
        re.compile(r"\bhow (?:much|old|far|large|big|high|tall|deep|heavy|wide|hot|thick)\b|\bwhat (?:temperature|"
            r"size|length|width|amount|version|port|limit|"
                   r"ratio|score|max(?:imum)?|min(?:imum)?)\b|\b(maximum|minimum|max|min|limit|temperature|version|"
                       r"port)\b", _I),
    ),
    ("person", re.compile(r"^\W*(?:\w+[ ,:]+){0,6}?(?:who|whom|whose|wer|wem|wen|qui|quién)\b|\bname of (?:the|"
        r"our) (?:chief|head|chair|ceo|manager)", _I)),
    ("place", re.compile(r"\b(where|what (?:city|country|place|room|building|folder|location)|which (?:city|country|"
        r"place|room|folder)|location|wo|où|dónde)\b", _I)),
    ("name", re.compile(r"^\W*(?:what|which) (?:\w+ ){0,3}(?:tool|product|software|book|system|company|"
        r"organi[sz]ation|name|programming language|model|format)\b|"
                        r"\bcalled\b|\bcode name\b|\bname of\b", _I)),
)  # fmt: skip

_UNITS = (
    r"(?:minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|quarters?|seconds?|business days|working days|"
    r"nights?|sprints?|minuten?|stunden?|tage?n?|"
    r"wochen?|monate?n?|jahre?n?|jours?|semaines?|mois|ans?|horas?|d[ií]as?|semanas?|meses)"
)
_NUMBER_WORDS = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|"
    r"ninety|half|once|twice|every|each|several)"
)
# "one of the", "each" and "every" count nothing, nor do the numbers of items and sections.
_COUNT_WORDS = (
    r"(?:one(?! (?:of|or|can|could|may|must|should|would|has|is|who|that|another)\b)|two|three|four|five|six|seven|"
    r"eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety)"
)
_FIGURE = r"(?<![\w.#])(?!^\d[\d.]*[.)]\s)\d"
_SHOWS: dict[Thing, re.Pattern[str]] = {
    "phone": re.compile(r"\+?\d[\d ()/.-]{6,}\d"),
    "address": re.compile(r"[\w.+-]+@[\w-]+\.\w+|https?://|www\.\w"),
    "percent": re.compile(r"\d\s?(?:%|percent\b|per cent\b|prozent\b)", _I),
    "money": re.compile(r"[$€£¥₹]\s?\d|\d[\d.,]*\s?(?:k\b|[$€£¥]|dollars?\b|euros?\b|pounds?\b|usd\b|eur\b|gbp\b|"
        r"chf\b|cents?\b)", _I),
    "duration": re.compile(rf"(?:\d|\b{_NUMBER_WORDS})[\w.,()–/ -]{{0,14}}?{_UNITS}\b|\b(?:daily|weekly|monthly|"
        rf"quarterly|annual(?:ly)?|yearly|hourly|immediately|permanent(?:ly)?|"
                           rf"indefinitely|bi-?annual(?:ly)?|semi-?annual(?:ly)?)\b|\d+:\d\d", _I),
    "date": re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}/\d{1,2}\b|\b\d{1,2}([.-])\d{1,2}\1\d{2,4}\b|"
        r"\b\d{1,2}\. ?\d{1,2}\. |\b(?:jan(?:uary)?|feb(?:ruary)?|march|apr(?:il)?|"
        r"june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
                       r"dec(?:ember)?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b|\b\d+ (?:days?|weeks?|"
                           r"months?|hours?)\b|\b(?:first|last|second|third) day\b", _I),
    "count": re.compile(rf"{_FIGURE}|\b(?:{_COUNT_WORDS}|no|none|dozens?|hundreds?|thousands?|millions?)\b", _I | re.MULTILINE),
    "number": re.compile(rf"{_FIGURE}|\b(?:{_COUNT_WORDS}|half|twice)\b", _I | re.MULTILINE),
    "person": re.compile(r"(?<![.!?:\n] )(?<!^)(?:\b[A-Z][a-z]+(?: [A-Z][\w.]+)*|\b[A-Z]{2,5}\b)|@\w|\b(?:manager|"
        r"team|founders?|lead|officer|director|department|owner|admin\w*|"
                         r"author|employee|supervisor|board|committee|chair|user|member|customer|provider|company|"
                             r"party|group|staff|people|person|everyone|nobody|maintainers?)s?\b"),
    "place": re.compile(r"(?<![.!?:\n] )(?<!^)\b[A-Z][a-z]+|\b(?:at|in|on|under|near|inside|next to|behind|above|"
        r"folder|directory|page|site|room|office|building|menu|tab|settings)\b|[/~][\w.-]+/|https?://"),
    "name": re.compile(r"(?<![.!?:\n] )(?<!^)\b[A-Z][\w.+-]+|[`\"“'*]\w|\b[A-Z]{2,}\b|\w\.\w"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form of the answer that a question wants and the kind of thing in it."""

    form: Form
    thing: Thing


def wanted(question: str) -> Wanted:
    """What a question wants, by the first rule of each kind that fits."""
    form = next((name for name, pattern in _FORMS if pattern.search(question)), "any")
    thing = next((name for name, pattern in _THINGS if pattern.search(question)), "any")
    return Wanted(form, thing)  # type: ignore[arg-type]


def shows(thing: Thing, text: str) -> bool:
    """Whether the text holds a thing of that kind; every text holds "any"."""
    return thing == "any" or _SHOWS[thing].search(text) is not None

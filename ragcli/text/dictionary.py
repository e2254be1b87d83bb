"""English words, so that a word which is spelt correctly is never taken for a misspelt one.

`english.txt` is sorted, one word a line, and made by `benchmarks/english_words.py`; `english.NOTICE` says of what. It is mapped
into memory and searched by halves: a look-up reads some pages of it, and none is read before the first.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from string import ascii_lowercase

_WORDS = Path(__file__).with_name("english.txt")
_VARIANTS = (  # British and American
    ("our", "or"), ("isation", "ization"), ("ise", "ize"), ("ising", "izing"), ("yse", "yze"), ("ysing", "yzing"),
    ("tre", "ter"), ("ence", "ense"), ("ogue", "og"), ("ae", "e"), ("oe", "e"), ("ll", "l"), ("mme", "m"),
    ("que", "ck"), ("grey", "gray"),
)  # fmt: skip


@cache
def _mapped() -> mmap.mmap:
    with _WORDS.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def is_english_word(word: str) -> bool:
    """Whether `word`, in lower case, is in the list; words of less than three letters are not."""
    wanted, words = word.encode("utf-8", "replace"), _mapped()
    low, high = 0, len(words)
    while low < high:
        start = words.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = words.find(b"\n", start)
        found = words[start:end]
        if found == wanted:
            return bool(wanted)
        if found < wanted:
            low = end + 1
        else:
            high = start
    return False


def words_one_edit_away(word: str) -> Iterator[str]:
    """The English words that one insertion, deletion, substitution or swap of neighbours makes of `word`, behind its first
    letter or with its first two swapped; repeats are possible."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    swapped = (left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1)
    shorter = (left + right[1:] for left, right in cuts if left and right)
    other = (left + letter + right[1:] for left, right in cuts if left and right for letter in ascii_lowercase)
    longer = (left + letter + right for left, right in cuts if left for letter in ascii_lowercase)
    return (made for made in chain(swapped, shorter, other, longer) if made != word and is_english_word(made))


def spelling_variants(word: str) -> list[str]:
    """The English words that are `word` in British or American spelling instead; sorted, without `word`."""
    pairs = [*_VARIANTS, *((other, one) for one, other in _VARIANTS)]
    found = {word.replace(one, other, 1) for one, other in pairs if one in word}
    return sorted(other for other in found - {word} if is_english_word(other))

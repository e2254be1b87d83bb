"""What a language model would be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragcli.generation.recency import newest_first

if TYPE_CHECKING:
    from ragcli.datatypes import Filter
    from ragcli.generation.prompted import PromptedGenerator
    from ragcli.prompts import Prompt
    from ragcli.protocols import Search


def make_prompt(search: Search, prompter: PromptedGenerator, question: str, k: int, where: Filter) -> Prompt:
    """The prompt for `question` with the passages that `search` finds, at most `k`; nothing is written."""
    result = search(question, k, where)
    return prompter.prompt(result.asked, newest_first(result.asked, result.hits).current)

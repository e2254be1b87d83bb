"""The contract of language models."""

from __future__ import annotations

from ragcli.cancellation import Cancellation
from ragcli.drafts import End, Limits
from ragcli.prompts import Prompt
from ragcli.protocols import LanguageModel

_PROMPT = Prompt("Answer in one sentence.", "How many days of annual leave does an employee have?")
_AFTER_CANCELLING = 3  # pieces that may still come
_LONG_TOKEN = 16  # characters; few tokens of any model have more


class LanguageModelContract:
    """`model` makes what is tested. What it writes does not matter, but it must write something."""

    def model(self) -> LanguageModel:
        """A model; it may be the same one each time."""
        raise NotImplementedError

    def test_a_model_says_who_it_is_and_how_much_it_reads(self) -> None:
        model = self.model()
        assert model.name
        assert model.identity
        assert model.context_tokens > 0

    def test_longer_texts_have_more_tokens(self) -> None:
        model = self.model()
        short, long = (model.count_tokens("word " * count) for count in (1, 200))
        assert 0 < short < long

    def test_a_reply_is_pieces_of_text_and_one_end(self) -> None:
        *pieces, end = self.model().stream(_PROMPT, Limits(tokens=16))
        assert isinstance(end, End), "the last event must be an End"
        assert all(isinstance(piece, str) for piece in pieces), "there must be one End, behind all text"
        assert "".join(str(piece) for piece in pieces), "the model wrote nothing"

    def test_a_reply_keeps_to_its_tokens(self) -> None:
        text = "".join(piece for piece in self.model().stream(_PROMPT, Limits(tokens=4)) if isinstance(piece, str))
        assert len(text) <= 4 * _LONG_TOKEN, f"{len(text)} characters are more than 4 tokens"

    def test_a_reply_ends_soon_after_it_is_cancelled(self) -> None:
        cancel = Cancellation()
        late = 0
        for piece in self.model().stream(_PROMPT, Limits(tokens=200, cancel=cancel)):
            late += cancel.cancelled and isinstance(piece, str)
            cancel.cancel()
        assert late <= _AFTER_CANCELLING, f"{late} pieces came after the reply was cancelled"

    def test_a_reply_that_is_not_read_to_its_end_leaves_the_model_to_others(self) -> None:
        model = self.model()
        reply = model.stream(_PROMPT, Limits(tokens=16))
        next(reply)
        close = getattr(reply, "close", None)
        if close is not None:
            close()
        assert list(model.stream(_PROMPT, Limits(tokens=4)))

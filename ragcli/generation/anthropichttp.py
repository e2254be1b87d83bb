"""Anthropic's messages API. The only file that imports anthropic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ragcli.drafts import End, Limits, Usage
from ragcli.errors import ModelUnavailable
from ragcli.generation.remote import CONNECT_SECONDS, RETRIES, Endpoint, Prices, RemoteModel, stopped_as
from ragcli.installing import extra_command
from ragcli.prompts import Prompt

_HINT = "check the model's name and ANTHROPIC_API_KEY, or use --model extractive"


class AnthropicModel(RemoteModel):
    """With the service's own sampling: its API has no seed."""

    def __init__(self, endpoint: Endpoint, *, context_tokens: int, prices: Prices) -> None:
        super().__init__(endpoint, context_tokens=context_tokens, prices=prices)
        try:
            import anthropic
        except ModuleNotFoundError as error:
            raise ModelUnavailable(
                f"{self.name} needs the package anthropic", hint=extra_command("anthropic")
            ) from error
        self._library: Any = anthropic
        self._client: Any = anthropic.Anthropic(
            base_url=endpoint.url or None, api_key=self.key("ANTHROPIC_API_KEY"), max_retries=RETRIES
        )

    def _pieces(
        self, prompt: Prompt, limits: Limits, opened: Callable[[Callable[[], None]], None]
    ) -> Iterator[str | End]:
        anthropic = self._library
        read = wrote = 0
        reason = None
        try:
            events = self._client.messages.create(
                model=self.endpoint.model,
                **({"system": prompt.system} if prompt.system else {}),
                messages=[{"role": "user", "content": prompt.user}],
                max_tokens=limits.tokens,
                stream=True,
                timeout=anthropic.Timeout(limits.idle_seconds, connect=CONNECT_SECONDS),
            )
            opened(events.close)
            for event in events:
                if event.type == "message_start":
                    read = event.message.usage.input_tokens
                elif event.type == "content_block_delta" and event.delta.type == "text_delta":
                    yield str(event.delta.text)
                elif event.type == "message_delta":
                    wrote, reason = event.usage.output_tokens, event.delta.stop_reason
        except anthropic.AnthropicError as error:
            raise ModelUnavailable(f"{self.name}: {_message(error)}", hint=_HINT) from error
        except (ValueError, TypeError, AttributeError) as error:  # what is not the protocol
            raise ModelUnavailable(f"{self.name} sent something that is no message: {error}", hint=_HINT) from error
        except Exception as error:
            if "timeout" in type(error).__name__.lower() or type(error).__module__.startswith("httpx"):
                raise ModelUnavailable(f"{self.name}: {_message(error)}", hint=_HINT) from error
            raise
        yield End(stopped_as(reason, length=("max_tokens",)), Usage(read, 0, wrote) if read or wrote else None)


def _message(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__

"""Servers that speak OpenAI's chat completions: hosted ones, llama.cpp's server, vLLM, Ollama, LM Studio. The only file that
imports openai."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from ragcli.drafts import End, Limits, Usage
from ragcli.errors import ModelUnavailable
from ragcli.generation.remote import CONNECT_SECONDS, RETRIES, Endpoint, Prices, RemoteModel, stopped_as
from ragcli.generation.structured import grammar_schema
from ragcli.installing import extra_command
from ragcli.prompts import Prompt


class OpenAIModel(RemoteModel):
    """At temperature 0 with seed 0; both are left out when the server refuses them."""

    def __init__(self, endpoint: Endpoint, *, context_tokens: int, prices: Prices) -> None:
        super().__init__(endpoint, context_tokens=context_tokens, prices=prices)
        try:
            import openai
        except ModuleNotFoundError as error:
            raise ModelUnavailable(f"{self.name} needs the package openai", hint=extra_command("openai")) from error
        self._library: Any = openai
        self._client: Any = openai.OpenAI(
            base_url=endpoint.url or None, api_key=self.key("OPENAI_API_KEY"), max_retries=RETRIES
        )

    def _request(self, prompt: Prompt, limits: Limits) -> dict[str, Any]:
        length = "max_tokens" if self.endpoint.url else "max_completion_tokens"
        request: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": [
                {"role": role, "content": text}
                for role, text in (("system", prompt.system), ("user", prompt.user))
                if text
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            length: limits.tokens,
            "timeout": self._library.Timeout(limits.idle_seconds, connect=CONNECT_SECONDS),
        }
        if prompt.schema is not None:
            described = {"name": "answer", "schema": json.loads(grammar_schema(prompt.schema)), "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": described}
        return request

    def _pieces(
        self, prompt: Prompt, limits: Limits, opened: Callable[[Callable[[], None]], None]
    ) -> Iterator[str | End]:
        openai, request = self._library, self._request(prompt, limits)
        usage, reason = None, None
        try:
            try:
                chunks = self._client.chat.completions.create(**request, temperature=0, seed=0)
            except openai.BadRequestError:
                chunks = self._client.chat.completions.create(**request)
            opened(chunks.close)
            for chunk in chunks:
                if getattr(chunk, "usage", None):
                    usage = Usage(chunk.usage.prompt_tokens or 0, 0, chunk.usage.completion_tokens or 0)
                for choice in (getattr(chunk, "choices", None) or [])[:1]:
                    reason = choice.finish_reason or reason
                    if choice.delta is not None and choice.delta.content:
                        yield str(choice.delta.content)
        except openai.OpenAIError as error:
            raise ModelUnavailable(f"{self.name}: {_message(error)}", hint=_way_out(self.endpoint)) from error
        except (ValueError, TypeError, AttributeError) as error:  # what is not the protocol
            raise ModelUnavailable(
                f"{self.name} sent something that is no chat completion: {error}", hint=_way_out(self.endpoint)
            ) from error
        except Exception as error:
            if "timeout" in type(error).__name__.lower() or type(error).__module__.startswith("httpx"):
                raise ModelUnavailable(f"{self.name}: {_message(error)}", hint=_way_out(self.endpoint)) from error
            raise
        yield End(stopped_as(reason, length=("length",)), usage)


def _message(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _way_out(endpoint: Endpoint) -> str:
    where = endpoint.url or "the provider"
    return f"check {where}, the model's name and OPENAI_API_KEY, or use --model extractive"

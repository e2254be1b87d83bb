"""What a model hub said, in one line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 200


def hub_reason(error: BaseException) -> str:
    """Why something could not be fetched: a sentence, not what the libraries of the network say about it."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403, 404):
        return "there is no such model, or it is not public"
    if status is not None:
        return f"the hub answered {status}"
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 10:
        chain.append(cause)
    if any(_about_connections(one) for one in chain):
        return "the hub cannot be reached"
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rsplit(" ", 1)[0] + " …"


def _about_connections(error: BaseException) -> bool:
    return isinstance(error, (ConnectionError, TimeoutError)) or any(
        word in type(error).__name__
        for word in ("Connect", "Timeout", "Proxy", "MaxRetry", "OfflineMode", "LocalEntry")
    )


@contextmanager
def quiet_hub() -> Iterator[None]:
    """Inside, the hub's client does not write its retries and warnings to stderr; errors are raised, and told once."""
    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)

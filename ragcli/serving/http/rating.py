"""POST /feedback: what callers think of answers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ragcli.errors import UsageError
from ragcli.serving.feedback import Rating
from ragcli.serving.http.openapi import replies
from ragcli.serving.http.requests import FeedbackRequest
from ragcli.serving.http.service import Asker, Served

router = APIRouter(tags=["answers"])


@router.post("/feedback", response_class=Response, status_code=204, responses=replies("", 404, status=204))
async def feedback(body: FeedbackRequest, served: Served, principal: Asker) -> Response:
    """Keep a verdict, a rating from 1 to 5 or a comment on one of the last answers that the key got. The question, the answer
    and its quotations are kept only when `question` is sent with it, or the server keeps questions."""
    if body.verdict is None and body.rating is None and not body.comment.strip():
        raise UsageError("there is nothing to keep", hint="verdict, rating or comment")
    answer = served.answers.find(body.answer, principal.name)
    rating = Rating(body.verdict or "", body.rating, body.comment.strip(), body.question.strip())
    await served.gate.aside(lambda: served.feedback.rate(principal.name, answer, rating))
    return Response(status_code=204)

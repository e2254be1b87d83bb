"""The tools and resources on the SDK's server, which speaks the protocol in its revisions 2025-11-25 and 2026-07-28."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import mcp_types as types
from anyio import CapacityLimiter, from_thread, get_cancelled_exc_class, to_thread
from mcp.server import CacheHint, Server, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError

from ragcli import __version__
from ragcli.cancellation import Cancellation
from ragcli.errors import Cancelled, RagError
from ragcli.serving.mcp import resources
from ragcli.serving.mcp.declarations import Declaration
from ragcli.serving.mcp.instructions import instructions
from ragcli.serving.mcp.library import Library
from ragcli.serving.mcp.parts import Call, Result
from ragcli.serving.mcp.tools import Tool, checked, offered, said

THREADS = 8  # calls that run at the same time; others wait
_HOUR = 3_600_000  # milliseconds
_GREETINGS = ("initialize", "server/discover")  # whose result holds the instructions
_LOGGER = logging.getLogger("ragcli.serving")

Context = ServerRequestContext[Any, Any]
_Value = TypeVar("_Value")


def build(library: Library, tools: Mapping[str, Tool] | None = None) -> Server[Any]:
    """A server over one index with `tools`, by default those that `library` allows. Nothing of the index is read before a
    client asks."""
    handlers = _Handlers(library, offered(library) if tools is None else tools)
    server: Server[Any] = Server(
        "rag",
        version=__version__,
        title="rag: the user's own documents",
        cache_hints={
            "tools/list": CacheHint(_HOUR, "public"),
            "resources/list": CacheHint(_HOUR, "public"),
            "resources/templates/list": CacheHint(_HOUR, "public"),
        },
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
    )
    server.middleware.append(handlers.instruct)
    return server


class _Handlers:
    def __init__(self, library: Library, tools: Mapping[str, Tool]) -> None:
        self._library = library
        self._tools = tools
        self._threads = CapacityLimiter(THREADS)

    async def instruct(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Puts the instructions into the result of the first request of a client."""
        result = await call_next(ctx)
        if ctx.method in _GREETINGS and isinstance(result, dict):
            result["instructions"] = await self._in_thread(lambda: instructions(self._library))
        return result

    async def list_tools(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_tool(tool.declaration) for tool in self._tools.values()])

    async def call_tool(self, context: Context, request: types.CallToolRequestParams) -> types.CallToolResult:
        tool = self._tools.get(request.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {request.name}")
        try:
            result = await self._run(tool, request.arguments or {}, context)
        except RagError as problem:
            return _failed(said(problem))
        except Exception as problem:
            _LOGGER.exception("the tool %s failed", request.name)
            return _failed(
                f"internal error: {type(problem).__name__}: {problem}\nWhat to do: report it; rag doctor looks for a cause"
            )
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=tool.text(result))], structured_content=result
        )

    async def _run(self, tool: Tool, arguments: dict[str, Any], context: Context) -> Result:
        cancel, told = Cancellation(tool.seconds), _Progress(context)

        def work() -> Result:
            try:
                return tool.run(self._library, checked(tool, arguments), Call(cancel, told))
            except Cancelled as problem:
                raise Cancelled(problem.message, hint="ask for less at once, or use `search`") from problem

        try:
            return await self._in_thread(work)
        except get_cancelled_exc_class():
            cancel.cancel()
            raise

    async def list_resources(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        index = types.Resource(
            uri=resources.INDEX,
            name="index",
            title="State of the index",
            description="How many documents of which types there are, and which could not be read.",
            mime_type="application/json",
        )
        return types.ListResourcesResult(resources=[index])

    async def list_templates(
        self, _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        document = types.ResourceTemplate(
            uri_template=resources.TEMPLATE,
            name="document",
            title="A document as plain text",
            description="From its beginning, or a page; ids are those of list_documents and search.",
            mime_type="text/plain",
        )
        return types.ListResourceTemplatesResult(resource_templates=[document])

    async def read_resource(self, _: Context, request: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(request.uri)
        try:
            found = await self._in_thread(lambda: resources.content(self._library, uri))
        except RagError as problem:
            raise MCPError(types.INVALID_PARAMS, said(problem), {"uri": uri}) from problem
        held = types.TextResourceContents(
            uri=uri, mime_type=found.mime_type, text=found.text, _meta={"next": found.next} if found.next else None
        )
        return types.ReadResourceResult(contents=[held])

    async def _in_thread(self, work: Callable[[], _Value]) -> _Value:
        """What `work` returns, in a thread that is left alone when the request is cancelled."""
        return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._threads)


class _Progress:
    """Reports each step of a call, from the thread that it runs in; clients that did not ask for it are told nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._steps = 0

    def __call__(self, message: str) -> None:
        self._steps += 1
        from_thread.run(self._context.session.report_progress, float(self._steps), None, message)


def _tool(declared: Declaration) -> types.Tool:
    return types.Tool(
        name=declared.name,
        title=declared.title,
        description=declared.description,
        input_schema=dict(declared.input),
        output_schema=dict(declared.output),
        annotations=types.ToolAnnotations(
            read_only_hint=declared.read_only,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


def _failed(message: str) -> types.CallToolResult:
    """An error that the model sees and can act on. It has no structured content: some clients hold that against the schema of
    the tool's results, also for errors."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=message)], is_error=True)

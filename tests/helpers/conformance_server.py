"""The server of `rag mcp` with what the official conformance suite calls added to it: `python -m tests.helpers.conformance_server
INDEX PORT`. The suite's tools, resources and prompts stand beside our own; everything below them is what users run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import mcp_types as types
from mcp.server import Server
from mcp.shared.exceptions import MCPError

from ragcli.serving.mcp import http
from ragcli.serving.mcp.library import Library
from ragcli.serving.mcp.server import Context, build

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="  # a PNG
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="  # a WAV


def text(said: str) -> types.TextContent:
    return types.TextContent(type="text", text=said)


def image() -> types.ImageContent:
    return types.ImageContent(type="image", data=PIXEL, mime_type="image/png")


def embedded(uri: str, said: str, mime_type: str = "text/plain") -> types.EmbeddedResource:
    held = types.TextResourceContents(uri=uri, mime_type=mime_type, text=said)
    return types.EmbeddedResource(type="resource", resource=held)


REPLIES: dict[str, list[Any]] = {
    "test_simple_text": [text("This is a simple text response for testing.")],
    "test_image_content": [image()],
    "test_audio_content": [types.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")],
    "test_embedded_resource": [embedded("test://embedded-resource", "This is an embedded resource content.")],
    "test_multiple_content_types": [
        text("Multiple content types test:"),
        image(),
        embedded("test://mixed-content-resource", '{"test": "data", "value": 123}', "application/json"),
    ],
    "test_error_handling": [text("This tool intentionally returns an error for testing")],
    "test_tool_with_progress": [text("done")],
}
PROMPTS: dict[str, list[str]] = {
    "test_simple_prompt": [],
    "test_prompt_with_arguments": ["arg1", "arg2"],
    "test_prompt_with_embedded_resource": ["resourceUri"],
    "test_prompt_with_image": [],
}


class Additions:
    """What the suite calls, beside what a server has."""

    def __init__(self, server: Server[Any]) -> None:
        self._own: dict[str, Any] = {}
        page = types.PaginatedRequestParams
        for method, params, handler in (
            ("tools/list", page, self.list_tools),
            ("tools/call", types.CallToolRequestParams, self.call_tool),
            ("resources/list", page, self.list_resources),
            ("resources/templates/list", page, self.list_templates),
            ("resources/read", types.ReadResourceRequestParams, self.read),
            ("prompts/list", page, self.list_prompts),
            ("prompts/get", types.GetPromptRequestParams, self.get_prompt),
            ("completion/complete", types.CompleteRequestParams, self.complete),
        ):
            entry = server.get_request_handler(method)
            self._own[method] = entry.handler if entry else None
            server.add_request_handler(method, params, handler)  # type: ignore[arg-type]

    async def list_tools(self, context: Context, params: types.PaginatedRequestParams) -> types.ListToolsResult:
        listed: types.ListToolsResult = await self._own["tools/list"](context, params)
        listed.tools += [types.Tool(name=n, description=n, input_schema={"type": "object"}) for n in REPLIES]
        return listed

    async def call_tool(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in REPLIES:
            result: types.CallToolResult = await self._own["tools/call"](context, params)
            return result
        if params.name == "test_tool_with_progress":
            for done in (0, 50, 100):
                await context.session.report_progress(float(done), 100.0, f"{done} of 100")
        return types.CallToolResult(content=REPLIES[params.name], is_error=params.name == "test_error_handling")

    async def list_resources(self, context: Context, params: types.PaginatedRequestParams) -> types.ListResourcesResult:
        listed: types.ListResourcesResult = await self._own["resources/list"](context, params)
        listed.resources += [
            types.Resource(uri="test://static-text", name="text", mime_type="text/plain"),
            types.Resource(uri="test://static-binary", name="picture", mime_type="image/png"),
        ]
        return listed

    async def list_templates(
        self, context: Context, params: types.PaginatedRequestParams
    ) -> types.ListResourceTemplatesResult:
        listed: types.ListResourceTemplatesResult = await self._own["resources/templates/list"](context, params)
        listed.resource_templates.append(types.ResourceTemplate(uri_template="test://template/{id}/data", name="data"))
        return listed

    async def read(self, context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        if uri == "test://static-binary":
            picture = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
            return types.ReadResourceResult(contents=[picture])
        if uri.startswith("test://template/"):
            said = f'{{"id": "{uri.split("/")[3]}", "templateTest": true}}'
        elif uri == "test://static-text":
            said = "This is the content of the static text resource."
        else:
            result: types.ReadResourceResult = await self._own["resources/read"](context, params)
            return result
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, mime_type="text/plain", text=said)]
        )

    async def list_prompts(self, _: Context, __: types.PaginatedRequestParams) -> types.ListPromptsResult:
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=name,
                    description=name,
                    arguments=[types.PromptArgument(name=argument, required=True) for argument in arguments],
                )
                for name, arguments in PROMPTS.items()
            ]
        )

    async def get_prompt(self, _: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        if params.name not in PROMPTS:
            raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name}")
        given = params.arguments or {}
        parts: dict[str, list[Any]] = {
            "test_simple_prompt": [text("This is a simple prompt for testing.")],
            "test_prompt_with_arguments": [
                text(f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'")
            ],
            "test_prompt_with_embedded_resource": [
                embedded(given.get("resourceUri", ""), "Embedded resource content for testing."),
                text("Please process the embedded resource above."),
            ],
            "test_prompt_with_image": [image(), text("Please analyze the image above.")],
        }
        messages = [types.PromptMessage(role="user", content=part) for part in parts[params.name]]
        return types.GetPromptResult(messages=messages)

    async def complete(self, _: Context, __: types.CompleteRequestParams) -> types.CompleteResult:
        return types.CompleteResult(completion=types.Completion(values=["one"], total=1, has_more=False))


if __name__ == "__main__":
    extended = build(Library(Path(sys.argv[1]), {}))
    Additions(extended)
    http.serve(extended, "127.0.0.1", int(sys.argv[2]))

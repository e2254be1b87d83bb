"""The front for agents: an MCP server over one index.

`declarations.py` says what the tools are, `tools.py` what they do, `server.py` puts both on the SDK's server; `stdio.py` and
`http.py` are the ways to reach it.
"""

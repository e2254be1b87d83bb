"""The front for other programs and for browsers: HTTP over one index.

`app.py` puts it together. A request goes through `envelope.py` (identity, Host and Origin, sizes, log), the route of its path,
`gate.py` (how many at once, deadlines, callers that leave), and a call of `Rag` that `shelf.py` gives.
"""

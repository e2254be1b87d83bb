"""The JSON documents that commands print, each declared once as a typed dictionary.

`render` builds them (mypy holds what it builds against the declarations), `registry.py` makes JSON Schema of them. A command
imports them for its types alone: as classes that are made at run time they would slow `rag stats --json` by more than 3 %
(see ARCHITECTURE.md). Rules for a document:

- its class ends in `Document`, and the docstring says in the first sentence what it is; `rag schema` shows that sentence,
- `schema` names it and its version, such as `rag.query/1`. Fields may be added; one that is renamed, removed or gets another
  meaning or type needs the next version,
- every field has a description; a field that is not always there is `NotRequired`, and that is said.
"""

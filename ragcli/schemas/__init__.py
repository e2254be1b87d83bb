"""The JSON documents that commands print, each declared once as a typed dictionary.

`render` builds them, and mypy holds what it builds against the declarations; `registry.py` makes JSON Schema of them. Commands
import them for type checking alone: models that are classes at run time would slow `rag stats --json` by 4 % or more
(`benchmarks/json_models.py`). Rules for a document:

- its class ends in `Document`, and the docstring says in the first sentence what it is; `rag schema` shows that sentence,
- `schema` names it and its version, such as `rag.query/1`. Fields may be added; one that is renamed, removed or gets another
  meaning or type needs the next version,
- every field has a description; a field that is not always there is `NotRequired`, and that is said.
"""

"""Source code: the text is the file; functions, methods and classes are sections, found by tree-sitter for languages whose
grammar is installed."""

from __future__ import annotations

import itertools
import re
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ragcli.datatypes import Block, Document
from ragcli.loaders.decoding import decode
from ragcli.loaders.limits import spend
from ragcli.loaders.structure import make_document

_PARAGRAPH = re.compile(r"(?:[ \t]*\S[^\n]*(?:\n|\Z))+")
_MAX_PARSED = 2_000_000  # characters; longer files are generated or data
_MAX_DEPTH = 40  # of definitions within anything


class Grammar(NamedTuple):
    """Where a language's grammar is, and which of its nodes define something that has a name."""

    module: str
    function: str
    definitions: frozenset[str]


def _grammar(module: str, definitions: str, function: str = "language") -> Grammar:
    return Grammar(module, function, frozenset(definitions.split()))


_JAVASCRIPT = (
    "function_declaration generator_function_declaration class_declaration method_definition variable_declarator"
)
_TYPESCRIPT = f"""{_JAVASCRIPT} interface_declaration abstract_class_declaration enum_declaration type_alias_declaration
module internal_module"""
_C = "function_definition struct_specifier union_specifier enum_specifier"
_GRAMMARS = {
    "python": _grammar("tree_sitter_python", "function_definition class_definition"),
    "javascript": _grammar("tree_sitter_javascript", _JAVASCRIPT),
    "typescript": _grammar("tree_sitter_typescript", _TYPESCRIPT, "language_typescript"),
    "tsx": _grammar("tree_sitter_typescript", _TYPESCRIPT, "language_tsx"),
    "java": _grammar(
        "tree_sitter_java",
        """class_declaration interface_declaration enum_declaration record_declaration method_declaration
        constructor_declaration""",
    ),
    "go": _grammar("tree_sitter_go", "function_declaration method_declaration type_spec"),
    "rust": _grammar(
        "tree_sitter_rust", "function_item struct_item enum_item trait_item impl_item mod_item macro_definition"
    ),
    "c": _grammar("tree_sitter_c", _C),
    "cpp": _grammar("tree_sitter_cpp", f"{_C} class_specifier namespace_definition"),
}
_LANGUAGES = {
    **dict.fromkeys([".py", ".pyi"], "python"),
    **dict.fromkeys([".js", ".mjs", ".cjs", ".jsx"], "javascript"),
    ".ts": "typescript",
    ".tsx": "tsx",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
    **dict.fromkeys([".c"], "c"),
    **dict.fromkeys([".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx"], "cpp"),
}
_FUNCTIONS = ("arrow_function", "function_expression", "function", "generator_function", "class")


class CodeLoader:
    """A source file. A definition's section begins with the comments and decorators above it; other languages, and what a
    grammar cannot make sense of, are paragraphs between empty lines."""

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        spend(len(text))
        language = _LANGUAGES.get(path.suffix.lower(), "")
        definitions = _definitions(text, language) if language and len(text) <= _MAX_PARSED else []
        metadata = {"code_language": language} if language else {}
        return make_document(
            path, "code", text, _blocks(text, definitions), title=path.name, has_lines=True, metadata=metadata
        )


class _Definition(NamedTuple):
    start: int
    end: int
    headings: tuple[str, ...]


def _definitions(text: str, language: str) -> list[_Definition]:
    """Every named definition with its qualified name, outer before inner, as places in `text`."""
    import tree_sitter

    grammar = _GRAMMARS[language]
    source = text.encode("utf-8", errors="replace")
    handle = getattr(import_module(grammar.module), grammar.function)()
    root = tree_sitter.Parser(tree_sitter.Language(handle)).parse(source).root_node
    offsets = _Offsets(text)
    found: list[_Definition] = []
    stack: list[tuple[Any, tuple[str, ...], int]] = [(root, (), 0)]
    while stack:
        node, headings, depth = stack.pop()
        name = _name(node) if node.type in grammar.definitions else ""
        if name:
            headings = (*headings, name)
            found.append(
                _Definition(offsets.line_start(_with_lead(node).start_byte), offsets.of(node.end_byte), headings)
            )
        if depth < _MAX_DEPTH:
            stack.extend((child, headings, depth + 1) for child in reversed(node.named_children))
    return found


def _name(node: Any) -> str:
    """What a definition is called; empty for one without a name or, of a variable, one that is no function."""
    if node.type == "variable_declarator":
        value = node.child_by_field_name("value")
        if value is None or value.type not in _FUNCTIONS:
            return ""
    if node.type.endswith("_specifier") and node.child_by_field_name("body") is None:
        return ""  # a mention of the type
    fields = ("name", "type" if node.type == "impl_item" else "declarator")
    named = next((child for field in fields if (child := node.child_by_field_name(field)) is not None), None)
    while named is not None and named.child_by_field_name("declarator") is not None:
        named = named.child_by_field_name("declarator")  # C: pointers and parameters around the name
    return " ".join(named.text.decode("utf-8", errors="replace").split())[:120] if named is not None else ""


def _with_lead(node: Any) -> Any:
    """The node where the definition begins for a reader: its decorators, `export`, or the comments right above it."""
    while node.parent is not None and node.parent.type in (
        "decorated_definition", "export_statement", "lexical_declaration", "variable_declaration", "type_declaration",
        "template_declaration",
    ):  # fmt: skip
        node = node.parent
    before = node.prev_named_sibling
    if before is None and node.parent is not None and node.parent.type == "block":
        before = (
            node.parent.prev_named_sibling
        )  # Python: a comment before the first statement lies outside of the block
    while before is not None and "comment" in before.type and node.start_point[0] - before.end_point[0] <= 1:
        node, before = before, before.prev_named_sibling
    return node


class _Offsets:
    """Bytes of the UTF-8 text → characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ascii = text.isascii()
        self._source = b"" if self._ascii else text.encode("utf-8", errors="replace")
        self._last = (0, 0)

    def of(self, byte: int) -> int:
        if self._ascii:
            return byte
        known, offset = self._last if byte >= self._last[0] else (0, 0)
        self._last = (byte, offset + len(self._source[known:byte].decode("utf-8", errors="replace")))
        return self._last[1]

    def line_start(self, byte: int) -> int:
        return self._text.rfind("\n", 0, self.of(byte)) + 1


def _blocks(text: str, definitions: list[_Definition]) -> list[Block]:
    """Paragraphs of code, each under the innermost definition that it lies in, cut where one begins or ends."""
    edges = sorted({0, len(text), *(d.start for d in definitions), *(d.end for d in definitions)})
    blocks: list[Block] = []
    opened: list[_Definition] = []
    upcoming = sorted(definitions, key=lambda d: (d.start, -d.end))
    position = 0
    for start, end in itertools.pairwise(edges):
        while position < len(upcoming) and upcoming[position].start <= start:
            opened.append(upcoming[position])
            position += 1
        opened = [definition for definition in opened if definition.end > start]
        headings = max((d.headings for d in opened), key=len, default=())
        blocks += [Block(m.start(), m.end(), "code", headings) for m in _PARAGRAPH.finditer(text, start, end)]
    return blocks

"""Reads the docstrings under the fields of a settings class or the members of an enumeration, for texts and tables."""

import ast
import inspect
import textwrap
from typing import Any


def field_docs(settings: type[Any]) -> dict[str, str]:
    """Return the docstring under each field of a dataclass or member of an enumeration, on one line, by its name."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(settings))).body
    assert isinstance(declared, ast.ClassDef)
    docs = {}
    for statement, below in zip(declared.body, declared.body[1:], strict=False):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(below, ast.Expr):
            (target,) = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            docs[ast.unparse(target)] = " ".join(ast.literal_eval(below.value).split())
    return docs

"""Reads the docstrings under the fields of a settings class, for help texts and tables."""

import ast
import inspect
import textwrap
from typing import Any


def field_docs(settings: type[Any]) -> dict[str, str]:
    """Return the docstring under each field of a dataclass, on one line, by the field's name."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(settings))).body
    assert isinstance(declared, ast.ClassDef)
    docs = {}
    for statement, below in zip(declared.body, declared.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            docs[statement.target.id] = " ".join(below.value.value.split())
    return docs

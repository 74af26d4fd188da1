"""The code of the models as files of a model's own folder, so that it loads where the package is not installed.

``transformers`` copies a folder's module and its relative imports, all from one place, with ``trust_remote_code=True``.
So the modules that the models and the tokenizer need are written side by side: what is imported from the package is
imported relatively, and nothing else of them is changed. They are all reached through one module, since the library
loads the modules of each file that a configuration names anew.
"""

import ast
import shutil
from importlib.util import find_spec
from pathlib import Path

ENTRY = "modeling_charbert"
"""The module that configurations name."""
_SOURCES = {
    "charbert.model.charbert": ("CharBertModel",),
    "charbert.model.configuration": ("CharBertConfig",),
    "charbert.model.heads": (
        "CharBertForQuestionAnswering",
        "CharBertForSequenceClassification",
        "CharBertForTokenClassification",
    ),
    "charbert.model.pretraining": ("CharBertForMaskedLM", "CharBertForPreTraining"),
    "charbert.model.tokenization": ("CharBertTokenizer",),
}
MODEL_MAP = {
    "AutoConfig": f"{ENTRY}.CharBertConfig",
    "AutoModel": f"{ENTRY}.CharBertModel",
    **{
        name.replace("CharBert", "AutoModel"): f"{ENTRY}.{name}"
        for names in _SOURCES.values()
        for name in names
        if name.startswith("CharBertFor")
    },
}
"""``auto_map`` of config.json: Auto class -> where a folder with code has the class."""
TOKENIZER_MAP = {"AutoTokenizer": [None, f"{ENTRY}.CharBertTokenizer"]}
"""``auto_map`` of tokenizer_config.json: the slow class and the fast one."""
_HEADER = "# From CharBERT's {module}, Apache License 2.0; imports from the package are relative here.\n"


def write_code(folder: str | Path) -> None:
    """Write the modules that load a model and its tokenizer into their folder."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    if not __name__.startswith("charbert."):  # these are such files already
        for file in Path(__file__).parent.glob("*.py"):
            if file.name != "__init__.py" and file.parent.resolve() != target.resolve():
                shutil.copyfile(file, target / file.name)
        return
    imports = [f"from .{_flat_name(module)} import {', '.join(names)}\n" for module, names in _SOURCES.items()]
    exported = sorted(name for names in _SOURCES.values() for name in names)
    entry = '"""The classes of CharBERT."""\n\n' + "".join(imports) + f"\n__all__ = {exported!r}\n"
    (target / f"{ENTRY}.py").write_text(entry, encoding="utf-8")
    waiting, written = list(_SOURCES), set()
    while waiting:
        if (module := waiting.pop()) not in written:
            written.add(module)
            text, needed = _with_relative_imports(module)
            (target / f"{_flat_name(module)}.py").write_text(_HEADER.format(module=module) + text, encoding="utf-8")
            waiting += needed


def _flat_name(module: str) -> str:
    return module.replace(".", "_")


def _with_relative_imports(module: str) -> tuple[str, list[str]]:
    """Return a module's text with relative imports, and the modules of the package that it imports."""
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    text = Path(spec.origin).read_text(encoding="utf-8")
    lines, needed = text.splitlines(keepends=True), []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("charbert."):
            name, line = str(node.module), node.lineno - 1
            lines[line] = lines[line].replace(f"from {name} import", f"from .{_flat_name(name)} import", 1)
            needed.append(name)
    return "".join(lines), needed

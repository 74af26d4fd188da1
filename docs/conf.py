"""The documentation site: `make docs` builds it from these pages and from docstrings."""

import re
from importlib.metadata import version as installed_version
from pathlib import Path, PurePosixPath

from sphinx.application import Sphinx

project = "CharBERT"
author = "The CharBERT codebase authors"
project_copyright = author
version = release = installed_version("charbert")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
html_theme = "furo"
html_title = f"CharBERT {version}"
html_show_sourcelink = False
html_extra_path = [
    file for file in ["../results/minilm/leaderboard_table.html"] if (Path(__file__).parent / file).is_file()
]
myst_heading_anchors = 4

default_role = "code"  # single backticks in docstrings
autodoc_default_options = {"members": True, "exclude-members": "config, config_class"}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
maximum_signature_line_length = 100
toc_object_entries_show_parents = "hide"

SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
PAGE_LINK = re.compile(r"\]\((?!\.\./)([\w/]+)\.md\)")
OUTWARD_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+)([^)#\s]+)[^)\s]*\)")
TAG = re.compile(r"(Paper|Released code|Departure|Ours|Shapes): ")


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:
    """Append to an index page the navigation: its sections, and the pages that each links to, in the same order.

    The page itself stays plain Markdown, and the order is written once.
    """
    if PurePosixPath(page).name != root_doc:
        return
    introduction, *sections = SECTION.split(source[0])
    for title, text in [("", introduction), *zip(sections[::2], sections[1::2], strict=True)]:
        if pages := dict.fromkeys(PAGE_LINK.findall(text)):
            caption = f":caption: {title}\n" if title else ""
            source[0] += f"\n\n```{{toctree}}\n:hidden:\n{caption}\n" + "\n".join(pages) + "\n```\n"


def name_files_outside(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace links to files of the repository that the site does not have by their paths.

    Files of ``html_extra_path`` stand beside the pages.
    """

    def path_of(link: re.Match[str]) -> str:
        text, path = link[1], link[3].rstrip("/")
        above = len(PurePosixPath(page).parts)  # as many steps up lead from the page to the repository's root
        if link[2].count("../") != above:
            return link[0]
        if f"../{path}" in html_extra_path:
            return f'<a href="{PurePosixPath(path).name}">{text}</a>'
        return f"`{path}`" if text.strip("`") in path else f"{text} (`{path}`)"

    source[0] = OUTWARD_LINK.sub(path_of, source[0])


def list_tags(app: Sphinx, what: str, name: str, about: object, options: object, lines: list[str]) -> None:
    """Turn the source tags of a docstring (``Paper: ...``) into a list, each with the lines that continue it."""
    listed: list[str] = []
    in_tag = hanging = False
    for line in lines:
        if tag := TAG.match(line):
            if listed and listed[-1] and not in_tag:
                listed.append("")
            listed.append(f":{tag[1]}: {line[tag.end() :]}")
            in_tag, hanging = True, False
            continue
        indented = line.startswith(" ")
        if in_tag and hanging and line and not indented:  # after indented lines, the text at the margin is its own
            listed.append("")
            in_tag = False
        in_tag, hanging = in_tag and bool(line), hanging or (in_tag and indented)
        listed.append(f"    {line.strip()}" if in_tag else line)
    lines[:] = listed


def setup(app: Sphinx) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("source-read", add_navigation)
    app.connect("source-read", name_files_outside)
    app.connect("autodoc-process-docstring", list_tags, priority=400)  # before napoleon

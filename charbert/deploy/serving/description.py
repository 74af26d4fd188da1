"""The API description as an HTML page without scripts or external files."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} API</title>
<link rel="stylesheet" href="/page.css">
</head>
<body>
<main>
<h1>{title} API</h1>
<p>{description} Version {version}. As JSON: <a href="/openapi.json">openapi.json</a>. Demo page: <a href="/">/</a>.</p>
{operations}
<h2>Schemas</h2>
{schemas}
</main>
</body>
</html>
"""


def describe_api(description: Mapping[str, Any]) -> str:
    """Return an HTML page of an OpenAPI description: its operations, then its schemas."""
    info = description["info"]
    return _PAGE.format(
        title=escape(info["title"]),
        description=escape(info.get("description", "")),
        version=escape(info["version"]),
        operations="\n".join(_operations(description["paths"])),
        schemas="\n".join(_schemas(description["components"]["schemas"])),
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation['summary'])}.</p>"
            if "requestBody" in operation:
                yield f"<p>Body: {_reference(operation['requestBody'])}</p>"
            yield "<table><thead><tr><th>Status</th><th>When</th><th>Body</th></tr></thead><tbody>"
            for status, response in operation["responses"].items():
                cells = (escape(status), escape(response["description"]), _reference(response))
                yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
            yield "</tbody></table>"


def _reference(body: Mapping[str, Any]) -> str:
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return f'<a href="#{escape(name)}">{escape(name)}</a>' if name else ""


def _schemas(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>'
        yield f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"

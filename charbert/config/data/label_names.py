"""``label_names`` on a command line, as a list or with numbers as keys: in a form that Hydra adds to the settings."""

import re

from hydra.core.override_parser.overrides_parser import OverridesParser

from charbert.config.data.beyond_ascii import from_ascii, in_ascii

_GIVEN = re.compile(r"\+*([\w.]+\.label_names)=\s*([\[{])")


def with_label_names(override: str) -> str:
    """Return an override, one of ``label_names`` as ``+X.label_names={0:no,1:yes}``.

    A list names the labels 0, 1 and so on; a list of numbers gives the order of labels that are numbers themselves.
    """
    given = _GIVEN.match(override)
    if given is None:
        return override
    name, bracket = given.groups()
    if bracket == "{":
        return "+" + override.lstrip("+")
    value = from_ascii(OverridesParser.create().parse_override(in_ascii(override)).value())
    if not isinstance(value, list):  # a sweep
        return override
    labels = list(map(str, value))
    keys = labels if all(map(str.isdigit, labels)) else list(map(str, range(len(labels))))
    quoted = ["'" + label.replace("\\", "\\\\").replace("'", "\\'") + "'" for label in labels]
    return f"+{name}={{{','.join(f'{key}:{label}' for key, label in zip(keys, quoted, strict=True))}}}"

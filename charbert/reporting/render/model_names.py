"""Short names of models, for tables and figures that people read; docs/models.md explains each."""

SHORT_NAMES = {
    "AdvBERT, dense noise": "AdvBERT-D",
    "AdvBERT, trunk as teacher": "AdvBERT-T",
    "CharBERT, trunk as teacher": "CharBERT-T",
    "CharBERT, dense noise": "CharBERT-D",
    "CharBERT, dense noise, shared interaction": "CharBERT-S",
    "CharBERT, trunk as teacher, dense noise, shared interaction": "CharBERT-TS",
    "CharBERT, char start": "CharBERT-C",
    "CharBERT, residual": "CharBERT-R",
    "CharBERT (pretrained)": "CharBERT-P",
    "w/o heterogeneous interaction": "w/o interaction",
}
"""Name in a record -> name on a page; other names are short already."""


def short_name(name: str) -> str:
    """Return what pages call a model.

    >>> short_name("CharBERT, char start")
    'CharBERT-C'
    """
    return SHORT_NAMES.get(name, name)

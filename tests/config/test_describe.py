from dataclasses import dataclass, fields

from charbert.config.describe import field_docs
from charbert.config.serving import ServeSettings


def test_docstrings_under_fields_are_read_in_every_form() -> None:
    @dataclass
    class Local:
        """Not this one."""

        one: int = 1
        """First
        and second line."""
        two: int = 2
        three: int = 3
        """Third."""

    assert field_docs(Local) == {"one": "First and second line.", "three": "Third."}


def test_every_limit_of_the_service_is_described() -> None:
    assert field_docs(ServeSettings).keys() == {field.name for field in fields(ServeSettings)}

from dataclasses import dataclass, field

from charbert.config.identity import identity_values, omit_default, omit_default_section


@dataclass
class Inner:
    old: int = 1
    new: float = omit_default(0.0)


@dataclass
class Outer:
    name: str = "a"
    inner: Inner = field(default_factory=Inner)
    extra: Inner = omit_default_section(Inner)


def test_a_setting_with_omit_default_is_left_out_at_its_default() -> None:
    assert identity_values(Outer()) == {"name": "a", "inner": {"old": 1}}


def test_a_setting_with_omit_default_counts_when_it_is_changed() -> None:
    values = identity_values(Outer(inner=Inner(new=0.5), extra=Inner(old=2)))
    assert values == {"name": "a", "inner": {"old": 1, "new": 0.5}, "extra": {"old": 2}}


def test_sections_in_lists_and_mappings_are_read() -> None:
    @dataclass
    class Several:
        sets: dict[str, Inner]
        rows: list[Inner]

    assert identity_values(Several({"a": Inner()}, [Inner(new=1.0)])) == {
        "sets": {"a": {"old": 1}},
        "rows": [{"old": 1, "new": 1.0}],
    }

"""Names of people, organizations, places and other things; no name is in two splits."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import faker

from charbert.seeding import derive_seed
from charbert.synthetic.draws import Draws
from charbert.synthetic.lexicon import COUNTRIES, read_lists

SPLITS = ("train", "dev", "test")

_PROVIDERS = ["faker.providers.address", "faker.providers.person"]
"""Of what is drawn; to load all of Faker takes half the time."""
_PERSON_LOCALES = (
    "en_US", "en_GB", "en_IE", "en_IN", "en_KE", "en_NG", "en_NZ", "de_DE",
    "fr_FR", "it_IT", "es_ES", "nl_NL", "fi_FI", "sv_SE", "hr_HR", "pt_PT",
)  # fmt: skip
# without it_IT: Faker keeps its cities in a set, whose order changes from one process to the next
_CITY_LOCALES = (
    "en_US", "en_IN", "de_DE", "es_ES", "nl_NL", "fi_FI", "sv_SE", "da_DK", "hr_HR", "pl_PL", "pt_PT", "cs_CZ", "ro_RO",
)  # fmt: skip
_NAMES_PER_LOCALE = 600
_NAME = re.compile(r"[^\W\d_a-z][^\W\d_]+([ '-][^\W\d_]+){0,2}(?<! .)")  # letters only, of three words at most

_PARTS = read_lists("name_parts.txt", ",")
_PATTERNS = {
    "PAPER": "{city} {papers}", "PARTY": "{nationality} {parties} Party", "CITY": "{city}", "COUNTRY": "{country}",
    "PLACE": "{places}", "WATER": "{waters}", "VENUE": "{venues}", "NAT": "{nationality}", "EVENT": "{stem} {events}",
    "WORK": "{works}", "LAW": "{laws}",
}  # fmt: skip
"""How names of most types are made of bare names and name parts."""

_COUNTRY_WORDS = frozenset(word for pair in COUNTRIES for word in pair)

_UNIONS = {
    "ORG": ("COMPANY",) * 8 + ("AGENCY",) * 3 + ("UNI",) * 2 + ("PAPER",) * 2 + ("CLUB",) * 3 + ("PARTY",),
    "LOC": ("CITY",) * 5 + ("COUNTRY",) * 3 + ("PLACE",),
    "TEAM": ("CLUB",) * 5 + ("COUNTRY",) * 2,
}
"""The narrower types of each wider one; a type that is listed n times is drawn n times as often."""

_TAGS = {
    "PER": "PER",
    "COMPANY": "ORG", "AGENCY": "ORG", "UNI": "ORG", "PAPER": "ORG", "CLUB": "ORG", "PARTY": "ORG",
    "CITY": "LOC", "COUNTRY": "LOC", "PLACE": "LOC", "WATER": "LOC", "VENUE": "LOC",
    "NAT": "MISC", "EVENT": "MISC", "WORK": "MISC", "LAW": "MISC", "PRODUCT": "MISC",
}  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A name and the short form of its later mentions, both as words."""

    kind: str
    words: tuple[str, ...]
    short: tuple[str, ...]
    label: str
    """PER, ORG, LOC or MISC."""


def split_of(word: str) -> str:
    """Return the split whose names may have a word, the same for every seed: train 70 %, dev and test 15 % each."""
    first = hashlib.blake2b(word.casefold().encode("utf-8"), digest_size=2).digest()
    share = int.from_bytes(first, "big") % 20
    return "train" if share < 14 else "dev" if share < 17 else "test"


def name_split(text: str) -> str | None:
    """Return the split of a name; None if its words of four letters or more belong to different splits."""
    words = [part for part in re.split(r"[ '-]", text) if len(part) > 3] or [text]
    splits = {split_of(word) for word in words}
    return splits.pop() if len(splits) == 1 else None


@dataclass(frozen=True)
class _Pools:
    """The bare names of one split."""

    people: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    """First names and surnames of each locale."""
    surnames: tuple[str, ...]
    cities: tuple[str, ...]
    countries: tuple[tuple[str, str], ...]
    """Countries with their adjectives."""


class Gazetteer:
    """Draws names of any type for one split.

    Faker gives first names, surnames and cities; everything else is made of them, so the spelling of a single word
    seldom shows its type: a surname may be part of a company, a cup or a lake.
    """

    def __init__(self, pools: _Pools, split: str) -> None:
        self._pools = pools
        self._split = split
        self._with_short_form = {"PER": self._person, "COMPANY": self._company}
        self._special = {"AGENCY": self._agency, "UNI": self._university, "CLUB": self._club, "PRODUCT": self._product}
        self._bare: dict[str, Callable[[Draws], str]] = {
            "surname": lambda draws: draws.pick(pools.surnames),
            "city": lambda draws: draws.pick(pools.cities),
            "stem": lambda draws: draws.pick(pools.surnames if draws.uniform() < 0.5 else pools.cities),
            "country": lambda draws: draws.pick(pools.countries)[0],
            "nationality": lambda draws: draws.pick(pools.countries)[1],
        }

    def draw(self, kind: str, draws: Draws) -> Name:
        """Return a name of a type, or of one of the narrower types of `_UNIONS`."""
        if kind in _UNIONS:
            kind = draws.pick(_UNIONS[kind])
        if kind in self._with_short_form:
            full, short = self._with_short_form[kind](draws)
        else:
            full = self._special[kind](draws) if kind in self._special else self._fill(_PATTERNS[kind], draws)
            short = full
        return Name(kind, tuple(full.split()), tuple(short.split()), _TAGS[kind])

    def _fill(self, pattern: str, draws: Draws) -> str:
        """Return a pattern with each ``{...}`` replaced, from left to right, by a bare name or a filled name part."""

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            return self._bare[name](draws) if name in self._bare else self._fill(draws.pick(_PARTS[name]), draws)

        return re.sub(r"\{(\w+)\}", fill, pattern)

    def _person(self, draws: Draws) -> tuple[str, str]:
        first_names, surnames = draws.pick(self._pools.people)
        surname = draws.pick(surnames)
        return f"{draws.pick(first_names)} {surname}", surname

    def _company(self, draws: Draws) -> tuple[str, str]:
        choice, surname = draws.uniform(), self._fill("{surname}", draws)
        if choice < 0.25:
            coined = self._coined(draws)
            return (self._fill(f"{coined} {{suffixes}}", draws) if draws.uniform() < 0.4 else coined), coined
        for below, pattern in ((0.4, " {suffixes}"), (0.5, " & {surname}"), (0.6, "-{surname}")):
            if choice < below:
                full = surname + self._fill(pattern, draws)
                return full, full
        business = self._fill("{stem} {industries}", draws)
        return (self._fill(f"{business} {{suffixes}}", draws) if draws.uniform() < 0.2 else business), business

    def _coined(self, draws: Draws) -> str:
        """Return a trade name whose own hash keeps it in the split."""
        for _ in range(20):
            coined = self._fill("{surname}", draws).split()[-1][:5].strip("'-") + self._fill("{endings}", draws)
            if split_of(coined) == self._split:
                return coined
        return self._fill("{surname}", draws)

    def _agency(self, draws: Draws) -> str:
        country = self._fill("{country}", draws)
        return self._fill("{city} {agencies}" if draws.uniform() < 0.7 else f"{country} {{agencies}}", draws)

    def _university(self, draws: Draws) -> str:
        choice = draws.uniform()
        patterns = ((0.3, "University of {city}"), (0.6, "{city} University"), (0.8, "{surname} Institute"))
        return self._fill(next((text for below, text in patterns if choice < below), "{surname} College"), draws)

    def _club(self, draws: Draws) -> str:
        choice, city = draws.uniform(), self._fill("{city}", draws)
        if choice < 0.25:
            return city
        return self._fill(f"{city} {{clubs}}" if choice < 0.7 else f"{{club_prefixes}} {city}", draws)

    def _product(self, draws: Draws) -> str:
        return f"{self._coined(draws)} {(1 + draws.below(99)) * 10}"


@lru_cache(maxsize=4)
def build_gazetteers(seed: int) -> dict[str, Gazetteer]:
    """Return a gazetteer for each split, with names drawn from Faker under ``seed``."""
    cities: dict[str, None] = {}
    people: list[tuple[dict[str, None], dict[str, None]]] = []
    for locale in _PERSON_LOCALES:
        source = _seeded(locale, seed, "people")
        draws = range(_NAMES_PER_LOCALE)
        # dicts keep the order in which names were drawn
        people.append(({source.first_name(): None for _ in draws}, {source.last_name(): None for _ in draws}))
    for locale in _CITY_LOCALES:
        source = _seeded(locale, seed, "cities")
        drawn = (source.city() for _ in range(_NAMES_PER_LOCALE))
        cities.update({city: None for city in drawn if city.isascii()})
    return {split: Gazetteer(_pools(split, people, cities), split) for split in SPLITS}


def uppercased(name: Name) -> Name:
    """Return the name in capital letters, as in a headline or dateline."""
    return replace(
        name, words=tuple(word.upper() for word in name.words), short=tuple(word.upper() for word in name.short)
    )


def _seeded(locale: str, seed: int, purpose: str) -> faker.Faker:
    source = faker.Faker(locale, providers=_PROVIDERS)
    source.seed_instance(derive_seed(seed, "newswire", purpose, locale))
    return source


def _pools(split: str, people: list[tuple[dict[str, None], dict[str, None]]], cities: dict[str, None]) -> _Pools:
    kept = tuple((_kept(first_names, split), _kept(surnames, split)) for first_names, surnames in people)
    kept = tuple(pair for pair in kept if all(pair))  # a locale may have no name in the split
    countries = tuple((country, adjective) for country, adjective in COUNTRIES if name_split(country) == split)
    surnames = dict.fromkeys(surname for _, surnames in kept for surname in surnames)
    taken = {word for pair in kept for names in pair for name in names for word in name.split()}
    return _Pools(
        people=kept,
        surnames=tuple(surnames),
        cities=tuple(city for city in _kept(cities, split) if city not in taken),
        countries=countries,
    )


def _kept(names: dict[str, None], split: str) -> tuple[str, ...]:
    return tuple(
        name
        for name in names
        if _NAME.fullmatch(name) and name_split(name) == split and _COUNTRY_WORDS.isdisjoint(name.split())
    )

"""Names of people, organisations, places and other things, with no name in common between the splits."""

# ruff: noqa: SIM905 (a list of names is easier to read and to extend as running words)

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import faker

from charbert.seeding import derive_seed
from charbert.synthetic.countries import COUNTRIES
from charbert.synthetic.draws import Draws

SPLITS = ("train", "dev", "test")

_PERSON_LOCALES = (
    "en_US en_GB en_IE en_IN en_KE en_NG en_NZ de_DE fr_FR it_IT es_ES nl_NL fi_FI sv_SE hr_HR pt_PT".split()
)
# not it_IT, whose cities Faker keeps in a set: their order changes from one process to the next
_CITY_LOCALES = "en_US en_IN de_DE es_ES nl_NL fi_FI sv_SE da_DK hr_HR pl_PL pt_PT cs_CZ ro_RO".split()
_NAMES_PER_LOCALE = 600
_NAME = re.compile(r"[^\W\d_a-z][^\W\d_]+([ '-][^\W\d_]+){0,2}(?<! .)")  # letters only, of three words at most

_INDUSTRIES = """Steel Motors Foods Chemicals Electric Shipping Airlines Textiles Pharma Mining Energy Telecom
    Insurance Bank Paper Cement Brewery Oil Software Logistics Media Holdings Industries Rail""".split()
_SUFFIXES = "Inc Ltd Corp AG SA NV GmbH Oyj Plc Group SpA AB".split()
_COINED = "tek com soft max ora ix on gen net bank tron air chem corp".split()
_CLUBS = "United Rovers Athletic Wanderers City Rangers Tigers Sharks Town Albion Harriers Hawks".split()
_CLUB_PREFIXES = "FC Dynamo Sporting Inter Olympic Racing AC Real".split()
_PAPERS = "Herald Tribune Gazette Courier Observer Chronicle Times Mirror Examiner Telegraph".split()
_PARTIES = "Labour Liberal Green Socialist Conservative Centre Agrarian Reform Unity Workers".split()
_AGENCIES = ("Stock Exchange", "Port Authority", "Central Bank", "Chamber of Commerce", "Tourist Board",
    "Weather Service", "Statistics Office", "Football Federation", "Customs Agency",
    "Water Council")  # fmt: skip
_WORKS = ("The {} Inheritance", "Letters from {}", "The Road to {}", "The {} Papers", "A Winter in {}",
    "The Last Train to {}", "Waiting for {}", "The {} Affair", "Return to {}", "Songs of {}")  # fmt: skip
_EVENTS = ("Open", "Marathon", "Cup", "Trophy", "Grand Prix", "Film Festival", "Masters", "Classic",
    "Biennale", "Book Fair", "Games")  # fmt: skip
_LAWS = ("{} Act", "Treaty of {}", "{} Accord", "{} Protocol", "{} Convention")
_PLACES = ("Mount {}", "{} Valley", "{} Island", "Cape {}", "Fort {}", "Port {}", "{} Beach", "{} Hills")
_WATERS = ("Lake {}", "{} River", "{} Bay", "{} Canal")
_VENUES = ("{} Stadium", "{} Park", "{} Arena", "{} Street")

_COUNTRY_WORDS = frozenset(word for pair in COUNTRIES for word in pair)

_UNIONS = {
    "ORG": ("COMPANY",) * 8 + ("AGENCY",) * 3 + ("UNI",) * 2 + ("PAPER",) * 2 + ("CLUB",) * 3 + ("PARTY",),
    "LOC": ("CITY",) * 5 + ("COUNTRY",) * 3 + ("PLACE",),
    "TEAM": ("CLUB",) * 5 + ("COUNTRY",) * 2,
}
"""What a wider type of a template stands for, each with its weight."""

_TAGS = {
    "PER": "PER",
    "COMPANY": "ORG", "AGENCY": "ORG", "UNI": "ORG", "PAPER": "ORG", "CLUB": "ORG", "PARTY": "ORG",
    "CITY": "LOC", "COUNTRY": "LOC", "PLACE": "LOC", "WATER": "LOC", "VENUE": "LOC",
    "NAT": "MISC", "EVENT": "MISC", "WORK": "MISC", "LAW": "MISC", "PRODUCT": "MISC",
}  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A name as it is first written, and the shorter form a later mention may take."""

    kind: str
    words: tuple[str, ...]
    short: tuple[str, ...]
    label: str
    """PER, ORG, LOC or MISC."""


def split_of(word: str) -> str:
    """Return the split in which a word may be part of a name, for every seed: 14 of 20 train, 3 dev."""
    first = hashlib.blake2b(word.casefold().encode("utf-8"), digest_size=2).digest()
    share = int.from_bytes(first, "big") % 20
    return "train" if share < 14 else "dev" if share < 17 else "test"


def name_split(text: str) -> str | None:
    """Return the split of a name, None if its words of four letters and more belong to different ones."""
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

    Faker gives first names, surnames and cities; everything else is made of them, so that the
    spelling of a bare word seldom tells its type: a surname may name a company, a cup or a lake.
    """

    def __init__(self, pools: _Pools, split: str) -> None:
        self._pools = pools
        self._split = split
        self._makers: dict[str, Callable[[Draws], tuple[str, str]]] = {
            "PER": self._person, "COMPANY": self._company, "AGENCY": self._agency, "UNI": self._university,
            "PAPER": self._paper, "CLUB": self._club, "PARTY": self._party, "CITY": self._city,
            "COUNTRY": self._country, "PLACE": self._place, "WATER": self._water, "VENUE": self._venue,
            "NAT": self._nationality, "EVENT": self._event,
            "WORK": self._work, "LAW": self._law, "PRODUCT": self._product,
        }  # fmt: skip

    def draw(self, kind: str, draws: Draws) -> Name:
        """Return a name of a type, or of one of the narrower types that a wider one stands for."""
        if kind in _UNIONS:
            kind = draws.pick(_UNIONS[kind])
        full, short = self._makers[kind](draws)
        return Name(kind, tuple(full.split()), tuple((short or full).split()), _TAGS[kind])

    def _surname(self, draws: Draws) -> str:
        return draws.pick(self._pools.surnames)

    def _stem(self, draws: Draws) -> str:
        """Return a surname or a city: what most things are named after."""
        return draws.pick(self._pools.surnames if draws.uniform() < 0.5 else self._pools.cities)

    def _person(self, draws: Draws) -> tuple[str, str]:
        first_names, surnames = draws.pick(self._pools.people)
        surname = draws.pick(surnames)
        return f"{draws.pick(first_names)} {surname}", surname

    def _company(self, draws: Draws) -> tuple[str, str]:
        choice, surname = draws.uniform(), self._surname(draws)
        if choice < 0.25:
            coined = self._coined(draws)
            return (f"{coined} {draws.pick(_SUFFIXES)}" if draws.uniform() < 0.4 else coined), coined
        if choice < 0.4:
            return f"{surname} {draws.pick(_SUFFIXES)}", ""
        if choice < 0.5:
            return f"{surname} & {self._surname(draws)}", ""
        if choice < 0.6:
            return f"{surname}-{self._surname(draws)}", ""
        business = f"{self._stem(draws)} {draws.pick(_INDUSTRIES)}"
        return (f"{business} {draws.pick(_SUFFIXES)}" if draws.uniform() < 0.2 else business), business

    def _coined(self, draws: Draws) -> str:
        """Return a trade name whose own hash keeps it in the split."""
        for _ in range(20):
            coined = self._surname(draws).split()[-1][:5].strip("'-") + draws.pick(_COINED)
            if split_of(coined) == self._split:
                return coined
        return self._surname(draws)

    def _agency(self, draws: Draws) -> tuple[str, str]:
        country, _ = draws.pick(self._pools.countries)
        place = draws.pick(self._pools.cities) if draws.uniform() < 0.7 else country
        full = f"{place} {draws.pick(_AGENCIES)}"
        return full, ""

    def _university(self, draws: Draws) -> tuple[str, str]:
        choice = draws.uniform()
        if choice < 0.6:
            city = draws.pick(self._pools.cities)
            return (f"University of {city}" if choice < 0.3 else f"{city} University"), ""
        return f"{self._surname(draws)} {'Institute' if choice < 0.8 else 'College'}", ""

    def _paper(self, draws: Draws) -> tuple[str, str]:
        return f"{draws.pick(self._pools.cities)} {draws.pick(_PAPERS)}", ""

    def _club(self, draws: Draws) -> tuple[str, str]:
        choice, city = draws.uniform(), draws.pick(self._pools.cities)
        if choice < 0.25:
            return city, ""
        return (f"{city} {draws.pick(_CLUBS)}" if choice < 0.7 else f"{draws.pick(_CLUB_PREFIXES)} {city}"), ""

    def _party(self, draws: Draws) -> tuple[str, str]:
        return f"{draws.pick(self._pools.countries)[1]} {draws.pick(_PARTIES)} Party", ""

    def _city(self, draws: Draws) -> tuple[str, str]:
        return draws.pick(self._pools.cities), ""

    def _country(self, draws: Draws) -> tuple[str, str]:
        return draws.pick(self._pools.countries)[0], ""

    def _place(self, draws: Draws) -> tuple[str, str]:
        return draws.pick(_PLACES).format(self._stem(draws)), ""

    def _water(self, draws: Draws) -> tuple[str, str]:
        return draws.pick(_WATERS).format(self._stem(draws)), ""

    def _venue(self, draws: Draws) -> tuple[str, str]:
        return draws.pick(_VENUES).format(self._stem(draws)), ""

    def _nationality(self, draws: Draws) -> tuple[str, str]:
        return draws.pick(self._pools.countries)[1], ""

    def _event(self, draws: Draws) -> tuple[str, str]:
        return f"{self._stem(draws)} {draws.pick(_EVENTS)}", ""

    def _work(self, draws: Draws) -> tuple[str, str]:
        return draws.pick(_WORKS).format(self._stem(draws)), ""

    def _law(self, draws: Draws) -> tuple[str, str]:
        return draws.pick(_LAWS).format(self._stem(draws)), ""

    def _product(self, draws: Draws) -> tuple[str, str]:
        return f"{self._coined(draws)} {(1 + draws.below(99)) * 10}", ""


def build_gazetteers(seed: int) -> dict[str, Gazetteer]:
    """Return a gazetteer for each split, with names drawn from Faker under ``seed``."""
    cities: dict[str, None] = {}
    people: list[tuple[dict[str, None], dict[str, None]]] = []
    for locale in _PERSON_LOCALES:
        source = _seeded(locale, seed, "people")
        draws = range(_NAMES_PER_LOCALE)
        people.append(
            ({source.first_name(): None for _ in draws}, {source.last_name(): None for _ in draws})
        )  # dicts, since they keep the order in which names came
    for locale in _CITY_LOCALES:
        source = _seeded(locale, seed, "cities")
        drawn = (source.city() for _ in range(_NAMES_PER_LOCALE))
        cities.update({city: None for city in drawn if city.isascii()})  # most names of the newswire are
    return {split: Gazetteer(_pools(split, people, cities), split) for split in SPLITS}


def uppercased(name: Name) -> Name:
    """Return the name as a headline or dateline writes it."""
    return replace(
        name,
        words=tuple(word.upper() for word in name.words),
        short=tuple(word.upper() for word in name.short),
    )


def _seeded(locale: str, seed: int, purpose: str) -> faker.Faker:
    source = faker.Faker(locale)
    source.seed_instance(derive_seed(seed, "newswire", purpose, locale))
    return source


def _pools(split: str, people: list[tuple[dict[str, None], dict[str, None]]], cities: dict[str, None]) -> _Pools:
    kept = tuple((_kept(first_names, split), _kept(surnames, split)) for first_names, surnames in people)
    kept = tuple(pair for pair in kept if all(pair))  # a locale may have no name left
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

"""Numbers, amounts, scores and dates in the notation of the newswire."""

from charbert.synthetic.draws import Draws

Token = tuple[str, str]
"""A word and its part of speech."""


_SET_RESULTS = ("6-0", "6-1", "6-2", "6-3", "6-4", "7-5", "7-6")


def draw_number(kind: str, draws: Draws) -> list[Token]:
    """Return the words of a random number of a kind.

    Raises:
        KeyError: if there is no such kind.
    """
    return _KINDS[kind](draws)


def _single(text: str) -> list[Token]:
    return [(text, "CD")]


def _thousands(draws: Draws) -> list[Token]:
    return _single(f"{draws.between(1, 99) * 1000 + draws.below(10) * 100:,}")


def _percent(draws: Draws) -> list[Token]:
    return [(f"{draws.below(30)}.{draws.between(1, 9)}", "CD"), ("percent", "NN")]


def _money(draws: Draws) -> list[Token]:
    amount = f"{draws.between(2, 90)}" + (f".{draws.between(1, 9)}" if draws.uniform() < 0.4 else "")
    return [("$", "$"), (amount, "CD"), ("million", "CD")]


def _price(draws: Draws) -> list[Token]:
    return [("$", "$"), (f"{draws.between(3, 180)}.{draws.below(100):02d}", "CD")]


def _sets(draws: Draws) -> list[Token]:
    return [(draws.pick(_SET_RESULTS), "CD") for _ in range(draws.between(2, 3))]


def _win(draws: Draws) -> list[Token]:
    lost = draws.below(4)
    return _single(f"{lost + draws.between(1, 3)}-{lost}")


def _clock_result(draws: Draws) -> list[Token]:
    return _single(f"{draws.between(1, 9)}:{draws.below(60):02d}.{draws.below(100):02d}")


def _ordinal(draws: Draws) -> list[Token]:
    number = draws.between(2, 89)
    ending = "th" if number // 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return [(f"{number}{ending}", "JJ")]


def iso_date(draws: Draws) -> list[Token]:
    """Return a date from 1990 to 1999 as YYYY-MM-DD."""
    return _single(f"{draws.between(1990, 1999)}-{draws.between(1, 12):02d}-{draws.between(1, 28):02d}")


_KINDS = {
    "n": lambda draws: _single(str(draws.between(2, 99))),
    "big": _thousands,
    "pct": _percent,
    "money": _money,
    "price": _price,
    "year": lambda draws: _single(str(draws.between(1951, 1998))),
    "next": lambda draws: _single(str(draws.between(1999, 2012))),
    "wind": lambda draws: _single(str(draws.between(80, 240))),
    "deg": lambda draws: _single(str(draws.between(12, 41))),
    "score": _win,
    "draw": lambda draws: _single("{0}-{0}".format(draws.below(5))),
    "sets": _sets,
    "time": _clock_result,
    "minute": _ordinal,
    "rank": lambda draws: _single(str(draws.between(1, 20))),
    "age": lambda draws: _single(str(draws.between(19, 79))),
    "day": lambda draws: _single(str(draws.between(1, 28))),
    "clock": lambda draws: [(f"{draws.between(1, 12)}.{draws.below(60):02d}", "CD"), ("a.m.", "RB")],
    "dec": lambda draws: _single(f"{draws.between(3, 8)}.{draws.below(10)}"),
}

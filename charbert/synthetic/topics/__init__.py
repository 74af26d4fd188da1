"""Sentence templates, one module per topic.

A line that starts with ``-`` is a sentence, with ``^`` a headline, with ``?`` a question about the sentence
above it and the slot that answers it; other lines go on with the line before. Words are separated by blanks:

- ``word/POS``, or a bare word or mark of `charbert.synthetic.lexicon.FUNCTION_POS`;
- ``{TYPE:key}`` a name of one of the types ``A|B``, ``{TYPE.s:key}`` its short form; ``{a}`` and ``{a.s}``
  name the one of slot ``a`` again, ``{a~b}`` is another name of the same type as ``a``, with the key ``b``;
- ``{POS.class:key}`` a word of that class of the lexicon, ``{POS.class}/POS`` with another part of speech;
- ``{#kind:key}`` a number.
"""

from charbert.synthetic.topics import (
    business,
    courts,
    culture,
    disasters,
    general,
    politics,
    science,
    sport,
    weather,
)

GENERAL = general.TEMPLATES
"""Sentences that fit any topic."""

TOPICS = {
    "business": business.TEMPLATES,
    "courts": courts.TEMPLATES,
    "culture": culture.TEMPLATES,
    "disasters": disasters.TEMPLATES,
    "politics": politics.TEMPLATES,
    "science": science.TEMPLATES,
    "sport": sport.TEMPLATES,
    "weather": weather.TEMPLATES,
}
"""Headlines and sentences of each topic."""

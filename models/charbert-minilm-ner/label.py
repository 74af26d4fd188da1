"""Label text, a paragraph a line, with named entities by spaCy; print two columns, word and tag."""

import re
import sys

import spacy

from charbert.text.words import split_words

TYPES = {"PERSON": "PER", "ORG": "ORG", **dict.fromkeys(["GPE", "LOC", "FAC"], "LOC")}
TYPES |= dict.fromkeys(["NORP", "EVENT", "WORK_OF_ART", "PRODUCT", "LAW", "LANGUAGE"], "MISC")
CASES = {3: str.lower, 5: str.upper, 7: str.lower}
"""Changes of some of ten sentences, since people write names in lower case, and headlines in capitals."""
AROUND = re.compile(r"(?:(?:the|an?)\s+)?(.*?)(?:['’]s?|\s+)?", re.IGNORECASE | re.DOTALL)  # not part of a name


def words(text):
    """Return the spans of the words; a final 's is one of its own."""
    for start, end in split_words(text):
        cut = start + len(re.sub(r"(?<=.)['’]s$", "", text[start:end], flags=re.IGNORECASE))
        yield from [(start, cut), (cut, end)][: 1 + (cut < end)]


def entities(doc):
    """Return the spans of the entities and their types."""
    for entity in doc.ents:
        start, end = (entity.start_char + at for at in AROUND.fullmatch(entity.text).span(1))
        if entity.label_ in TYPES and re.search(r"[^\W_a-z]", doc.text[start:end]):
            yield start, end, TYPES[entity.label_]


def labeled(doc):
    """Yield the words of each sentence with their tags."""
    found = list(entities(doc))
    for sentence in doc.sents:
        before, rows = None, []
        for start, end in words(sentence.text):
            start, end = start + sentence.start_char, end + sentence.start_char
            entity = next((each for each in found if each[0] < end and start < each[1]), None)
            tag = "O" if entity is None else f"{'I' if entity == before else 'B'}-{entity[2]}"
            rows.append((doc.text[start:end], tag))
            before = entity
        yield rows


def main():
    """Label the lines of standard input; very short and very long sentences are left out."""
    tagger = spacy.load("en_core_web_md", exclude=["tagger", "parser", "lemmatizer", "attribute_ruler"])
    tagger.enable_pipe("senter")
    docs = tagger.pipe(line for line in sys.stdin if line.strip())
    kept = (rows for doc in docs for rows in labeled(doc) if 4 <= len(rows) <= 80)
    for number, rows in enumerate(kept):
        change = CASES.get(number % 10, str)
        sys.stdout.write("".join(f"{change(word)} {tag}\n" for word, tag in rows) + "\n")


if __name__ == "__main__":
    main()

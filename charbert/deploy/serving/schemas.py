"""Schemas of requests and responses."""

from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, create_model

from charbert.config.serving import ServeSettings
from charbert.deploy.predict.predictor import Predictor
from charbert.deploy.serving.demonstration import ShownWord
from charbert.tasks.catalog import HEADS

_DESCRIPTIONS = {
    "text": "The text.",
    "text_pair": "The second text of a pair.",
    "question": "The question.",
    "context": "The text that may contain the answer.",
}
FORMS = ("as text", "as words")
"""Forms of an input; they stand in the places of errors, where no user has written them."""
_LARGEST_SEED = 2**31 - 1


class Strict(BaseModel):
    """A request, without type conversion or unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reason(BaseModel):
    """Why a request was refused or failed."""

    reason: str


class ModelCard(BaseModel):
    """A model of the service."""

    name: str
    head: str
    task: str
    labels: list[str]
    max_length: int
    has_characters: bool


class Health(BaseModel):
    """Status of the service and its models."""

    status: str
    version: str
    models: list[ModelCard]
    max_demo_characters: int


def input_model(head: str, longest: int, pairs: bool | None, *, words: bool = False) -> Any:
    """Return the schema of one input.

    Args:
        longest: maximum number of characters of a text.
        pairs: whether a classifier reads two texts; None: one or two.
        words: whether an input may be a list of words, where the head takes them.
    """
    fields: dict[str, Any] = {}
    for name, needed in HEADS[head].fields.items():
        if name == "text_pair" and pairs is False:
            continue
        text = Annotated[str, Field(max_length=longest, description=_DESCRIPTIONS[name])]
        fields[name] = (text, ...) if needed or pairs else (text | None, None)
    model = create_model("Input", __base__=Strict, __doc__="One input of the model.", **fields)
    if not (words and HEADS[head].words_output):
        return model
    bounds = Field(max_length=longest, description=f"The words of the text, at most {longest} characters in all.")
    listed = Annotated[list[str], bounds, AfterValidator(partial(_checked_words, longest=longest))]
    words_model = create_model("Words", __base__=Strict, __doc__="A text as words.", words=(listed, ...))
    forms = Annotated[model, Tag(FORMS[0])] | Annotated[words_model, Tag(FORMS[1])]  # type: ignore[valid-type]
    return Annotated[forms, Discriminator(_form)]


def _form(given: Any) -> str:
    return FORMS[isinstance(given, dict) and "words" in given and "text" not in given]


def _checked_words(words: list[str], longest: int) -> list[str]:
    if len(words) + sum(map(len, words)) > longest + 1:
        raise ValueError(f"the words have more than {longest} characters with the spaces between them")
    return words


def predict_request(input_type: Any, settings: ServeSettings) -> type[BaseModel]:
    """Return the schema of a batch."""
    inputs = Annotated[list[input_type], Field(min_length=1, max_length=settings.max_texts)]
    return create_model("PredictRequest", __base__=Strict, __doc__="A batch of inputs.", inputs=(inputs, ...))


def predict_response(head: str) -> type[BaseModel]:
    """Return the schema of the response to a batch."""
    output: Any = HEADS[head].output
    if HEADS[head].words_output:
        output = HEADS[head].words_output | output
    return create_model(
        "PredictResponse",
        __doc__="One prediction per input, in order.",
        model=(str, ...),
        predictions=(list[output], ...),
    )


def noise_request(input_type: type[BaseModel]) -> type[BaseModel]:
    """Return the schema of a request of the demo page."""
    share = Annotated[float, Field(ge=0, le=1, description="Share of the words of four letters or more with a typo.")]
    # 3.0 is an integer in JSON Schema
    whole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
    bounds = Field(ge=0, le=_LARGEST_SEED, description="Seed of the typos.")
    seed = Annotated[int, bounds, whole]
    return create_model(
        "NoiseRequest",
        __base__=Strict,
        __doc__="An input and its noise.",
        input=(input_type, ...),
        share=(share, 0.5),
        seed=(seed, 0),
    )


def noise_response(head: str) -> type[BaseModel]:
    """Return the schema of the response to the demo page."""
    output: Any = HEADS[head].output
    shown = create_model(
        "ShownModel",
        __doc__="Predictions before and after noise, and how much noise changes the state of each word, in [0, 1].",
        name=(str, ...),
        clean=(output, ...),
        noised=(output, ...),
        sensitivities=(list[float | None] | None, ...),
    )
    return create_model(
        "NoiseResponse",
        __doc__="The input after noise, its words, and the predictions of each model for both.",
        noised=(dict[str, str], ...),
        words=(list[ShownWord], ...),
        models=(list[shown], ...),  # type: ignore[valid-type]
    )


def model_card(name: str, predictor: Predictor) -> ModelCard:
    """Return the description of a model for clients."""
    usage = predictor.usage
    return ModelCard(
        name=name,
        head=usage.head,
        task=usage.task,
        labels=predictor.labels,
        max_length=usage.max_length,
        has_characters=predictor.has_characters,
    )

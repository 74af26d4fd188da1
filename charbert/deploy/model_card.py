"""The card of a published model: metadata that the hub reads, how to use the model, and the scores of its record."""

from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from charbert.evaluation.metric_paths import ATTACKED, metric_path
from charbert.records import ResultRecord

_PIPELINES = {
    "CharBertForTokenClassification": "token-classification",
    "CharBertForSequenceClassification": "text-classification",
    "CharBertForQuestionAnswering": "question-answering",
    "CharBertForPreTraining": "fill-mask",
    "CharBertForMaskedLM": "fill-mask",
}
_HUB_METRICS = {"matthews": "matthews_correlation", "exact": "exact_match"}
_PIPELINE = """\
from transformers import pipeline

use = pipeline("{task}", model="{name}", trust_remote_code=True)
"""
_CLASSES = """\
from transformers import AutoTokenizer, {auto_class}

tokenizer = AutoTokenizer.from_pretrained("{name}", trust_remote_code=True)
model = {auto_class}.from_pretrained("{name}", trust_remote_code=True)
outputs = model(**tokenizer("A sentense with a typo.", return_tensors="pt"))
"""
_BODY = """\
# {title}

{kind} with a token channel and a char channel ([CharBERT](https://arxiv.org/abs/2011.01513), Ma et al., 2020), on a
{trunk} trunk of {layers} layers: {millions:.1f} million parameters.

```python
{use}```

`trust_remote_code=True` runs the Python files of this folder. With the package `charbert` installed, write
`import charbert` instead.
{correction}{labels}{scores}"""
_CORRECTIONS = {
    None: "",
    "model": """
A corrector of words stands in front of the model, in its scores too. `charbert predict` and
`charbert.deploy.predict.Predictor` of the package `charbert` use it; the classes and pipelines of transformers read the
words as they are given, with their typos.
""",
    "tokenizer": """
The tokenizer corrects the words before the model reads them. For this the package `charbert` must be installed.
""",
}
"""What a card says of a corrector, by what it stands in front of."""


@dataclass(frozen=True)
class CardFacts:
    """What the owner of a model says about it; what is left out is not in the card."""

    name: str
    """As the model is loaded: ``owner/name`` on the hub, or a folder."""
    license: str | None = None
    """Identifier of the hub, as apache-2.0."""
    languages: list[str] = field(default_factory=list)
    """ISO 639 codes."""
    base_model: str | None = None
    """Name of the trunk on the hub."""
    datasets: list[str] = field(default_factory=list)
    """Names on the hub of what it was trained on."""


@dataclass(frozen=True)
class Score:
    """One line of a card's scores."""

    task: str
    texts: str
    metric: str
    percent: float


def read_scores(record: ResultRecord) -> list[Score]:
    """Return the scores of a fine-tuned model by its task's metric: on the test set, then under each attack."""
    task, metric = record.settings["task"]["name"], record.settings["task"]["metric"]
    paths = {f"{metric_path(task, 'clean')}/{metric}": "test set"}
    for path in record.metrics:
        kind, *rest = path.split("/", 3)  # the metric may have a slash, as PER/f1
        if kind == ATTACKED and rest[::2] == [task, metric]:
            paths[path] = f"test set with typos ({rest[1]})"
    measured = {path: texts for path, texts in paths.items() if path in record.metrics}
    return [Score(task, texts, metric, round(100 * record.metrics[path], 2)) for path, texts in measured.items()]


def render_card(
    config: Any, parameters: int, facts: CardFacts, record: ResultRecord | None, *, corrected: str | None = None
) -> str:
    """Return the card of a model as Markdown with metadata in YAML.

    Args:
        facts: what its owner says.
        record: of its training; None: the card has no scores.
        corrected: "model" if a corrector stands in front of it, "tokenizer" if the tokenizer has one.
    """
    architecture = config.architectures[0]
    pipeline = _PIPELINES.get(architecture, "feature-extraction")
    scores = read_scores(record) if record is not None and "task" in record.settings else []
    title = facts.name.rpartition("/")[2]
    results = [_result(score, pipeline, facts) for score in scores]
    metadata = ModelCardData(
        license=facts.license,
        language=facts.languages or None,
        base_model=facts.base_model,
        datasets=facts.datasets or None,
        tags=["charbert", "typos", "robustness"],
        library_name="transformers",
        pipeline_tag=pipeline,
        model_name=title,
        eval_results=results or None,
    )
    body = _BODY.format(
        title=title,
        kind="An encoder" if pipeline == "feature-extraction" else f"A model for {pipeline}",
        trunk=config.trunk_config.model_type,
        layers=config.num_hidden_layers,
        millions=parameters / 1e6,
        use=_usage(architecture, pipeline, facts.name),
        correction=_CORRECTIONS[corrected],
        labels=_labels(config) if pipeline.endswith("classification") else "",
        scores=_score_table(scores, record) if record is not None and scores else "",
    )
    return f"---\n{metadata.to_yaml()}\n---\n\n{body}"


def _usage(architecture: str, pipeline: str, name: str) -> str:
    if pipeline in ("feature-extraction", "question-answering"):  # the library has no pipeline for questions
        return _CLASSES.format(
            auto_class=architecture.replace("CharBert", "Auto", 1).replace("AutoFor", "AutoModelFor"), name=name
        )
    return _PIPELINE.format(task=pipeline, name=name)


def _labels(config: Any) -> str:
    names = ", ".join(f"`{name}`" for name in config.id2label.values())
    return f"\nLabels: {names}.\n"


def _score_table(scores: list[Score], record: ResultRecord) -> str:
    lines = [f"| {score.texts} | {score.metric} | {score.percent:.2f} |" for score in scores]
    generated = " The texts are generated newswire." if record.details.get("generated") else ""
    return (
        f"\n## Scores\n\nPercent, task `{record.settings['task']['name']}`, seed {record.seed}; run "
        f"`{record.folder_name}`.{generated}\n\n| texts | metric | score |\n|---|---|---:|\n" + "\n".join(lines) + "\n"
    )


def _result(score: Score, pipeline: str, facts: CardFacts) -> EvalResult:
    return EvalResult(
        task_type=pipeline,
        dataset_type=facts.datasets[0] if facts.datasets else score.task,
        dataset_name=f"{score.task}, {score.texts}",
        dataset_config=score.texts,  # the hub merges results that differ in the name alone
        dataset_split="test",
        metric_type=_HUB_METRICS.get(score.metric, score.metric),
        metric_name=score.metric,
        metric_value=score.percent,
    )

"""Explanations of a model's decision on one text, as written and with typos: attributions and attention maps."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from charbert.analysis.attributions import Explainer, attention_maps
from charbert.analysis.questions import ask
from charbert.analysis.targets import choose_targets
from charbert.config.explain import Baseline
from charbert.config.schema import Settings
from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.deploy.onnx.export import load_model
from charbert.deploy.predict.predictor import find_model
from charbert.deploy.predict.side_files import load_processor
from charbert.deploy.predict.usage import read_usage
from charbert.errors import DataError, SettingsError
from charbert.evaluation.explanation import ExplainedText
from charbert.files import check_writable, replaced_folder
from charbert.model.tokenization import CharBertTokenizer
from charbert.noise.attack import attack_sentences
from charbert.pipelines.build.data import data_file, prepare_data, task_files
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.train.finetune import prepare_finetuned
from charbert.records import file_checksum
from charbert.reporting.figures.explanation import attention_grids, attribution_strips
from charbert.reporting.render.explanation_page import render_page
from charbert.runs.analysis_keys import KIND
from charbert.runs.keys import section_identity
from charbert.runs.recorder import recorded_run
from charbert.runs.run import Run
from charbert.tasks.catalog import build_task
from charbert.text.repair.correction import correct_texts
from charbert.text.repair.repaired import Corrector
from charbert.text.words import replace_words, split_words, words_of

log = logging.getLogger(__name__)

EXPLANATION = "explain"
PAGE, NUMBERS, ATTRIBUTIONS, ATTENTION = "explanation.html", "explanation.json", "attributions", "attention"


@dataclass(frozen=True)
class _Text:
    heading: str
    first: str | tuple[str, ...]
    """A text; for a tagger its words; for question answering the question."""
    second: str | None = None
    """The second text of a pair, or the context of a question."""


def run(settings: Settings) -> Path:
    """Write the explanation of the decision that the settings name, and return its folder.

    The folder holds a page (``explanation.html``), figures of attributions and of attention (PNG and SVG), and the
    numbers (``explanation.json``).

    Raises:
        CheckpointError: if the folder given holds no fine-tuned model.
        DataError: if the text has no words or too many, or the test set has no such example.
        RecordError: if the folder cannot be written, before any work.
        SettingsError: if a setting does not fit the model.
    """
    check_writable(settings.paths.results)
    chosen = settings.explain
    folder = find_model(Path(chosen.model)) if chosen.model else prepare_finetuned(settings).model_folder
    model = load_model(folder, attn_implementation="eager")
    usage = read_usage(folder, model.config)
    processor, corrector = load_processor(folder, usage)
    texts = _texts(settings, usage.head)
    read = [_corrected(text, usage.head, corrector) for text in texts]
    explainer = Explainer(
        model,
        baseline_id=_baseline_id(chosen.baseline, processor),
        steps=chosen.steps,
        max_steps=chosen.max_steps,
        tolerance=chosen.tolerance,
    )
    explained = [_explain(settings, explainer, processor, text, usage.max_length) for text in read]
    run = explanation_run(settings, folder, texts)
    target = Path(settings.paths.results) / "explanations" / run.folder_name
    with recorded_run(settings, run) as (record, tracking):
        with replaced_folder(target) as draft:
            _write(draft, settings, folder, explained)
        for name in (ATTRIBUTIONS, ATTENTION):
            tracking.image(f"{EXPLANATION}/{name}", target / f"{name}.png")
        record.details |= {"analysis": EXPLANATION, "texts": [asdict(text) for text in texts]}
        record.finish(
            {"explain/largest_gap": max(attribution.gap for text in explained for attribution in text.attributions)}
        )
    log.info("the page is %s", target / PAGE)
    return target


def _texts(settings: Settings, head: str) -> list[_Text]:
    """Return the text as written, and with typos where ``explain.attacked`` asks for it."""
    given = _given(settings, head) if settings.explain.text else _example(settings)
    if isinstance(given.first, tuple) != (head == "token_classification"):
        raise SettingsError(
            f"task={settings.task.name} has examples that a model for {head.replace('_', ' ')} cannot read"
        )
    return [given, _with_typos(settings, given, head)] if settings.explain.attacked else [given]


def _given(settings: Settings, head: str) -> _Text:
    text, other = settings.explain.text, settings.explain.text_pair
    if head == "token_classification":
        if other:
            raise SettingsError("explain.text_pair is for pairs and questions; a tagger reads explain.text alone")
        return _Text("as written", tuple(words_of(text)))
    if head == "question_answering":
        if not other:
            raise SettingsError("explain.text_pair must be the question to the context explain.text, got none")
        return _Text("as written", other, text)
    return _Text("as written", text, other or None)


def _example(settings: Settings) -> _Text:
    prepare_data(settings)
    path = data_file(settings, task_files(settings).test, "the test set")
    examples = build_task(settings.task).read(path)
    number = settings.explain.example
    if number >= len(examples):
        raise DataError.at(path, None, expected=f"an example {number}", found=f"{len(examples)} examples")
    example: Any = examples[number]
    if isinstance(example, TaggedSentence):
        return _Text("as written", tuple(example.words))
    if isinstance(example, LabeledText):
        return _Text("as written", example.first, example.second)
    return _Text("as written", example.question, example.context)


def _with_typos(settings: Settings, text: _Text, head: str) -> _Text:
    """Return the text under the attack of its task, which leaves the contexts of questions as they are."""

    def corrupt(words: Sequence[str], part: int) -> list[str]:
        noise, seed = build_attack(settings.attack, settings.paths.data), settings.attack.seed
        return attack_sentences([words], noise, seed, stream=EXPLANATION, first_index=part)[0].words

    def corrupt_text(value: str, part: int) -> str:
        spans = split_words(value)
        return replace_words(value, spans, corrupt([value[start:end] for start, end in spans], part))[0]

    if isinstance(text.first, tuple):
        return replace(text, heading="with typos", first=tuple(corrupt(text.first, 0)))
    second = text.second
    if second is not None and head != "question_answering":
        second = corrupt_text(second, 1)
    return _Text("with typos", corrupt_text(text.first, 0), second)


def _corrected(text: _Text, head: str, corrector: Corrector | None) -> _Text:
    """Return the text as the model reads it, behind what corrects its words."""
    if corrector is None:
        return text
    if isinstance(text.first, tuple):
        (words,) = corrector.correct_many([text.first])
        read = replace(text, first=tuple(words))
    elif head == "question_answering" or text.second is None:
        read = replace(text, first=correct_texts([text.first], corrector)[0])
    else:
        first, second = correct_texts([text.first, text.second], corrector)
        read = replace(text, first=first, second=second)
    return read if read == text else replace(read, heading=f"{text.heading}, corrected")


def _explain(
    settings: Settings, explainer: Explainer, processor: CharBertTokenizer, text: _Text, max_length: int
) -> ExplainedText:
    chosen = settings.explain
    question = ask(processor, text.first, text.second, max_length=max_length)
    words = text.first if isinstance(text.first, tuple) else ()
    targets = choose_targets(
        explainer.model, question, words, word=chosen.word, label=chosen.label, most=chosen.max_targets
    )
    log.info("explaining %s: %s", text.heading, ", ".join(target.title for target in targets))
    attributions = [explainer.attribute(question, target.title, target.output) for target in targets]
    heading = text.heading
    if question.is_cut:
        heading += f", cut after {len(question.pieces)} subwords"
        log.warning("the text is longer than the model reads: %s", heading)
    return ExplainedText(heading, question.pieces, attributions, attention_maps(explainer.model, question))


def _baseline_id(baseline: Baseline, processor: CharBertTokenizer) -> int | None:
    if baseline is Baseline.zero:
        return None
    token_id = getattr(processor, f"{baseline.name}_token_id")
    if token_id is None:
        raise SettingsError(f"explain.baseline={baseline.name}, but the tokenizer has no such token; choose zero")
    return int(token_id)


def explanation_run(settings: Settings, folder: Path, texts: Sequence[_Text]) -> Run:
    """Return the run of the explanation of a model's decisions on texts."""
    weights = {path.name: file_checksum(path) for path in sorted(folder.rglob("*.safetensors"))}
    how = section_identity(settings, "explain", without=("model",))
    identity = {"analysis": EXPLANATION, "weights": weights, "how": how, "texts": [asdict(text) for text in texts]}
    named = [Path(settings.explain.model).resolve().name] if settings.explain.model else [settings.model.name]
    return Run(settings, KIND, [EXPLANATION, *named], identity)


def _write(draft: Path, settings: Settings, folder: Path, explained: Sequence[ExplainedText]) -> None:
    shown = folder.parent.name if folder.name == "model" else folder.name
    about = (
        f"Model {shown}. Integrated gradients on the embeddings of subwords and of characters together, from a "
        f"baseline in which words are unknown (subwords: {settings.explain.baseline.name}; characters: zero)."
    )
    (draft / PAGE).write_text(render_page("Why this decision?", about, explained), encoding="utf-8")
    numbers = [
        {
            "heading": text.heading,
            "subwords": [piece.text for piece in text.pieces],
            "letters": ["".join(piece.characters) for piece in text.pieces],
            "outputs": [
                {
                    "title": attribution.title,
                    "logit": attribution.output,
                    "baseline_logit": attribution.baseline_output,
                    "sum": attribution.total,
                    "gap": attribution.gap,
                    "steps": attribution.steps,
                    "subwords": attribution.subwords.tolist(),
                    "letters": [text.character_values(attribution, piece).tolist() for piece in text.pieces],
                }
                for attribution in text.attributions
            ],
        }
        for text in explained
    ]
    (draft / NUMBERS).write_text(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    attribution_strips(explained, draft, ATTRIBUTIONS)
    attention_grids(explained, draft, ATTENTION)

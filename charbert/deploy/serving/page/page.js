"use strict";
// Text of users and models is inserted as text, never as markup.

const STEPS = [0.01, 0.03, 0.1, 0.2, 0.35];
const EXAMPLES = {
  text: "Angela Merkel met Barack Obama in Berlin on Wednesday, while thousands of protesters gathered outside.",
  question: "Who counted the ships before breakfast?",
  context: "The old lighthouse keeper counted seven ships before breakfast.",
  text_pair: "",
};
const FIELDS = {
  token_classification: [["text", "Text"]],
  sequence_classification: [["text", "Text"], ["text_pair", "Second text, for a model of text pairs"]],
  question_answering: [["question", "Question"], ["context", "Text that contains the answer (gets no typos)"]],
};
const byId = (id) => document.getElementById(id);
let head = null;
let pending = null;
let timer = null;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const step = (value) => STEPS.filter((limit) => value >= limit).length;
const percent = (value) => `${(100 * value).toFixed(value > 0.995 || value < 0.005 ? 1 : 0)} %`;
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

async function start() {
  drawScale();
  let health;
  try {
    health = await (await fetch("/health")).json();
  } catch {
    return fail("The service does not respond.");
  }
  head = health.models[0].head;
  for (const shown of document.querySelectorAll(".for-spans")) shown.hidden = head !== "token_classification";
  for (const [name, label] of FIELDS[head]) {
    const area = element("textarea", { id: name, maxlength: health.max_demo_characters, spellcheck: "false", rows: 3 });
    area.value = EXAMPLES[name];
    byId("texts").append(element("div", {}, element("label", { for: name }, label), area));
    area.addEventListener("input", () => ask(300));
  }
  byId("share").addEventListener("input", () => ask(120));
  byId("seed").addEventListener("input", () => ask(300));
  byId("other").addEventListener("click", () => {
    byId("seed").value = (seed() + 1) % 2147483648;
    ask(0);
  });
  byId("controls").addEventListener("submit", (event) => { event.preventDefault(); ask(0); });
  ask(0);
}

function seed() {
  const value = Math.trunc(Number(byId("seed").value));
  return value >= 0 && value < 2147483648 ? value : 0;
}

function ask(delay) {
  byId("share-shown").textContent = `${byId("share").value} %`;
  clearTimeout(timer);
  timer = setTimeout(send, delay);
}

async function send() {
  if (pending) pending.abort();
  const mine = (pending = new AbortController());
  const input = {};
  for (const [name] of FIELDS[head]) {
    // replace unpaired surrogates, which a truncated emoji leaves
    const value = byId(name).value.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
    if (value || name !== "text_pair") input[name] = value;
  }
  if (!Object.values(input)[0].trim()) return fail("Enter a text first.");
  byId("models").classList.add("waiting");
  try {
    const response = await fetch("/noise", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ input, share: Number(byId("share").value) / 100, seed: seed() }),
      signal: mine.signal,
    });
    if (response.status === 429 || response.status === 503) return ask(1000);
    const answer = await response.json();
    if (mine.signal.aborted) return;
    if (!response.ok) return fail(`Request refused: ${answer.reason}`);
    draw(answer, input);
  } catch (error) {
    if (error.name !== "AbortError") fail("The service does not respond.");
  } finally {
    if (pending === mine) byId("models").classList.remove("waiting");
  }
}

function fail(message) {
  byId("status").textContent = message;
  byId("status").classList.add("failed");
}

function draw(answer, input) {
  const noised = answer.words.filter((word) => word.edit).length;
  const told = [`${plural(noised, "word has", "words have")} a typo.`];
  const sections = answer.models.map((model) => {
    const section = element("section", {}, element("h2", {}, model.name));
    told.push(PANELS[head](section, model, answer, input));
    return section;
  });
  byId("models").replaceChildren(...sections);
  byId("status").classList.remove("failed");
  byId("status").textContent = told.join(" ");
  drawTable(answer);
}

const PANELS = {
  token_classification(section, model, answer, input) {
    const words = answer.words;
    const clean = wordSpans(model.clean.spans, words, "start", "end");
    const noised = wordSpans(model.noised.spans, words, "noised_start", "noised_end");
    const key = (span) => `${span.first} ${span.last} ${span.type}`;
    const before = new Set(clean.map(key));
    const after = new Set(noised.map(key));
    const lost = clean.filter((span) => !after.has(key(span)));
    const found = noised.map((span) => ({ ...span, isNew: !before.has(key(span)) }));
    const covered = new Set(found.flatMap((span) => range(span.first, span.last)));
    const gone = lost.flatMap((span) => runs(range(span.first, span.last).filter((word) => !covered.has(word)))
      .map((run) => ({ ...span, first: run[0], last: run[run.length - 1], isLost: true })));
    const shown = [...found, ...gone].sort((a, b) => a.first - b.first);
    section.append(
      element("h3", {}, "Without typos"), line(input.text, words, "start", "end", clean, null),
      element("h3", {}, "With typos"),
      line(answer.noised.text, words, "noised_start", "noised_end", shown, model.sensitivities),
    );
    const kept = clean.length - lost.length;
    const added = found.filter((span) => span.isNew).length;
    return `${model.name}: ${kept} of ${clean.length} kept, ${added} new.`;
  },
  sequence_classification(section, model, answer) {
    section.append(element("h3", {}, "Without typos"), bars(model.clean), element("h3", {}, "With typos"), bars(model.noised));
    for (const field of ["text", "text_pair"]) section.append(...noisedLine(field, answer, model));
    return model.clean.label === model.noised.label
      ? `${model.name} predicts ${model.noised.label} with and without typos.`
      : `${model.name} predicts ${model.noised.label} with typos, ${model.clean.label} without.`;
  },
  question_answering(section, model, answer) {
    const tell = (output) => (output.no_answer ? "(no answer)" : output.answer);
    for (const [title, output] of [["Without typos", model.clean], ["With typos", model.noised]]) {
      section.append(element("h3", {}, title), element("p", { class: "answer" }, `${tell(output)} · ${percent(output.score)}`));
    }
    section.append(...noisedLine("question", answer, model));
    return tell(model.clean) === tell(model.noised)
      ? `${model.name} gives the same answer with and without typos.`
      : `${model.name} gives another answer with typos.`;
  },
};

const range = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Split ascending numbers into runs without gaps. */
function runs(numbers) {
  const found = [];
  for (const number of numbers) {
    const last = found[found.length - 1];
    if (last && last[last.length - 1] === number - 1) last.push(number);
    else found.push([number]);
  }
  return found;
}

/** Convert spans from character offsets, in code points, to word indices. */
function wordSpans(spans, words, start, end) {
  return spans.map((span) => ({
    type: span.type,
    score: span.score,
    first: words.findIndex((word) => word[end] > span.start),
    last: words.findLastIndex((word) => word[start] < span.end),
  }));
}

function noisedLine(field, answer, model) {
  const words = answer.words.filter((word) => word.field === field);
  if (!words.length) return [];
  const first = answer.words.indexOf(words[0]);
  const moved = model.sensitivities && model.sensitivities.slice(first, first + words.length);
  return [element("h3", {}, `The ${field.replace("_pair", "")} with typos`),
    line(answer.noised[field], words, "noised_start", "noised_end", [], moved)];
}

function line(text, words, start, end, spans, sensitivities) {
  const characters = Array.from(text);
  const made = element("p", { class: "line", lang: "und" });
  let done = 0;
  let box = null;
  words.forEach((word, index) => {
    const opening = spans.find((span) => span.first === index);
    const gap = characters.slice(done, word[start]).join("");
    if (opening) {
      made.append(gap);
      box = element("span", { class: `entity${opening.isNew ? " new" : ""}${opening.isLost ? " lost" : ""}` });
      made.append(box);
    } else {
      (box || made).append(gap);
    }
    const shown = characters.slice(word[start], word[end]).join("");
    const moved = sensitivities ? sensitivities[index] : null;
    (box || made).append(wordElement(shown, word, start === "noised_start" && word.edit, moved));
    done = word[end];
    const closing = spans.find((span) => span.last === index);
    if (closing && box) {
      const sign = closing.isNew ? "+\u00a0" : closing.isLost ? "−\u00a0" : "";
      const title = closing.isLost ? "only without typos" : `probability ${percent(closing.score)}`;
      box.append("\u00a0", element("span", { class: "tag", title }, sign + closing.type));
      box = null;
    }
  });
  made.append(characters.slice(done).join(""));
  return made;
}

function wordElement(shown, word, noised, moved) {
  const classes = ["word", noised ? "edited" : "", moved === null ? "" : `s${step(moved)}`];
  const notes = [noised ? `was ${word.word} (${word.edit})` : "", moved === null ? "" : `sensitivity ${moved.toFixed(3)}`];
  const title = notes.filter(Boolean).join(", ");
  return element("span", { class: classes.filter(Boolean).join(" "), title: title || null }, shown);
}

function bars(output) {
  const made = element("dl", { class: "bars" });
  for (const [label, value] of Object.entries(output.probabilities)) {
    const best = label === output.label ? "best" : null;
    made.append(element("dt", { class: best }, label),
      element("dd", {}, element("meter", { min: 0, max: 1, value, "aria-label": `probability of ${label}` })),
      element("dd", { class: best }, percent(value)));
  }
  return made;
}

function drawScale() {
  const limits = [0, ...STEPS, 1];
  STEPS.concat(1).forEach((limit, index) => {
    byId("scale").append(element("li", { class: `s${index}` }, `${limits[index]} – ${limit}`));
  });
}

function drawTable(answer) {
  const names = answer.models.map((model) => model.name);
  const header = element("tr", {}, ...["Word", "With noise", "Edit"].map((title) => element("th", { scope: "col" }, title)));
  for (const name of names) header.append(element("th", { scope: "col" }, `${name}: sensitivity`));
  const rows = answer.words.map((word, index) => {
    const cells = [element("th", { scope: "row" }, word.word), element("td", {}, word.noised), element("td", {}, word.edit || "")];
    for (const model of answer.models) {
      const value = model.sensitivities ? model.sensitivities[index] : null;
      cells.push(element("td", { class: "number" }, value === null ? "–" : value.toFixed(3)));
    }
    return element("tr", {}, ...cells);
  });
  byId("table").replaceChildren(element("caption", {}, "All words before and after noise"),
    element("thead", {}, header), element("tbody", {}, ...rows));
}

start();

// Asking, answers, and the document that a citation opens.
import { offer } from "./documents.js";
import { $, eventsOf, make, said, send } from "./talking.js";

const AROUND = 2500; // characters shown before and after a quotation
const REMEMBERED = 4; // questions that the next one may lean on
const KEPT = 100; // questions in the history of this browser
let running = null; // what stops the answer that is being written
let cited = []; // citations of the newest answer by marker, from 1
let before = []; // questions of this conversation, as they were understood
let opener = null; // what gets the focus back when the document is closed
let viewed = null; // the place that the viewer shows

function place(at) {
  if (at.page) return `${at.path}, p. ${at.page}`;
  return at.line_start ? `${at.path}:${at.line_start}` : at.path;
}

function marker(number, citations) {
  const at = citations[number - 1];
  return make("button", { type: "button", className: "marker", title: at.quote, on: (e) => open(at, e.currentTarget),
    label: `Citation ${number}: ${place(at)}, ${at.status}` }, String(number));
}

function sentence(entry, citations) {
  const bad = entry.citations.length === 0 || entry.citations.every((n) => citations[n - 1].status === "unsupported");
  const text = make("span", { className: bad ? "unsupported" : "" }, entry.text);
  if (bad) text.title = "No document supports this sentence.";
  return make("span", {}, entry.lead || "", text, ...(bad ? [" (unsupported)"] : []), ...entry.citations.map((n) => marker(n, citations)));
}

function card(at) {
  return make("button", { type: "button", className: `card ${at.status}`, on: (e) => open(at, e.currentTarget) },
    make("div", { className: "where" }, `[${at.marker}] ${place(at)}`),
    make("div", { className: "status" }, [at.status, ...at.headings].join(" › ")), make("q", {}, at.quote));
}

function passage(hit) {
  return make("button", { type: "button", className: "card", on: (e) => open({ ...hit, quote: "" }, e.currentTarget) },
    make("div", { className: "where" }, place(hit)), make("div", { className: "status" }, hit.headings.join(" › ")),
    make("div", { className: "quote" }, hit.text));
}

function finish(answer, turn) {
  const box = turn.answer;
  box.querySelector(".tail")?.remove();
  cited = answer.citations;
  if (answer.outcome === "closest") {
    cited = [answer.closest.citation];
    box.append(make("p", { className: "state" }, "The documents do not clearly answer this. The closest passage:"),
      make("blockquote", {}, answer.closest.text, marker(1, cited)));
  } else if (!answer.answered) {
    box.append(make("p", { className: "state" }, "The documents do not answer this."));
  }
  for (const each of answer.disputes) {
    box.append(make("p", { className: "dispute" },
      `[${each.marker}] is ${each.older ? "newer than" : "contradicted by"} ${place(each)}: “${each.quote}”`));
  }
  for (const each of answer.stale) box.append(make("p", { className: "problem" }, `${each.path} has ${each.kind} since it was indexed.`));
  const time = Object.values(answer.timings).reduce((sum, ms) => sum + ms, 0) / 1000;
  turn.facts.append([`confidence ${answer.confidence.toFixed(2)}`, answer.mode === "none" ? "" : answer.mode, `${time.toFixed(1)} s`,
    ...answer.notes].filter(Boolean).join(" · "));
  turn.facts.append(thumb("up", "Good", answer, turn), thumb("down", "Bad", answer, turn));
  if (cited.length) turn.sources.replaceChildren(make("h3", {}, "Sources"), ...cited.map(card));
  else if (answer.hits.length) turn.sources.replaceChildren(make("h3", {}, "Nearest passages"), ...answer.hits.map(passage));
  if (answer.question !== turn.question) turn.understood.textContent = `Understood as: ${answer.question}`;
  before = [...before, answer.question].slice(-REMEMBERED);
  $("fresh").hidden = false;
}

// Rating is what sends the question to be kept; the button says so.
function thumb(verdict, shown, answer, turn) {
  const name = `${verdict === "up" ? "A good answer" : "A bad answer"} (keeps question and answer on the server)`;
  return make("button", { type: "button", title: name, label: name, pressed: "false", on: async (event) => {
    const button = event.currentTarget;
    try {
      await send("/feedback", { method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ answer: turn.identity, verdict, question: answer.question }) });
      for (const each of turn.facts.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
    } catch (problem) { turn.facts.append(make("span", { className: "problem", role: "status" }, said(problem))); }
  } }, shown);
}

function begin(question) {
  const turn = { question, understood: make("p", { className: "understood" }), answer: make("div", { className: "answer", ariaLive: "polite" }),
    facts: make("div", { className: "facts" }), sources: make("div", { className: "sources" }) };
  const box = make("article", { className: "turn" }, make("h2", {}, question), turn.understood, turn.answer, turn.facts, turn.sources);
  $("turns").append(box);
  box.scrollIntoView({ block: "start" });
  return turn;
}

async function ask(question) {
  running?.abort();
  const stopping = (running = new AbortController());
  close();
  keep(question);
  const turn = begin(question), box = turn.answer;
  let citations = [];
  cited = citations;
  box.replaceChildren(make("span", { className: "tail" }, "Searching…"));
  $("stop").hidden = false;
  try {
    const reply = await send("/ask", { method: "POST", signal: stopping.signal, body: JSON.stringify({ question, before }),
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" } });
    turn.identity = reply.headers.get("X-Request-Id");
    for await (const { name, data } of eventsOf(reply)) {
      box.querySelector(".tail")?.remove();
      if (name === "evidence" && data.writing) box.append(make("span", { className: "tail" }, "Writing…"));
      else if (name === "sentence") { citations.push(...data.new); box.append(sentence(data, citations)); }
      else if (name === "tail") box.append(make("span", { className: "tail" }, ` ${data.text}`));
      else if (name === "discarded") { citations = cited = []; box.replaceChildren(); }
      else if (name === "done") finish(data, turn);
      else if (name === "error") throw data;
    }
  } catch (problem) {
    box.querySelector(".tail")?.remove();
    box.append(make("p", { className: "problem" }, problem.name === "AbortError" ? "Stopped." : said(problem)));
  } finally {
    if (running === stopping) { running = null; $("stop").hidden = true; }
  }
}

const isPicture = (at) => at.page && /\.pdf$/i.test(at.path || "");

async function open(at, from, asText = !isPicture(at)) {
  if (from) opener = from;
  viewed = at;
  const viewer = $("viewer"), text = $("text");
  $("switch").hidden = !isPicture(at);
  $("switch").textContent = asText ? "Page" : "Text";
  $("before").hidden = $("after").hidden = asText;
  viewer.hidden = false;
  document.body.classList.add("reading");
  $("place").textContent = at.path ? place(at) : "";
  if (from) $("place").focus();
  try {
    if (asText) await openText(at, text);
    else await openPage(at, text);
  } catch (problem) {
    if (viewed === at && !asText) {
      await open(at, null, true);
      text.prepend(make("p", { className: "problem" }, said(problem)));
    } else if (viewed === at) text.replaceChildren(problem.detail || "The document cannot be shown.");
  }
}

async function openText(at, text) {
  const start = Math.max(0, at.start - AROUND);
  const part = await (await send(`/documents/${at.document_id}/text?start=${start}&end=${at.end + AROUND}`)).json();
  if (viewed !== at) return;
  const from = at.start - part.start, to = at.end - part.start;
  const mark = make("mark", {}, part.text.slice(Math.max(0, from), to));
  text.replaceChildren(part.text.slice(0, Math.max(0, from)), mark, part.text.slice(to));
  $("place").textContent = place(at.path ? at : { ...at, ...part });
  mark.scrollIntoView({ block: "center" });
}

async function openPage(at, text) {
  const reply = await send(`/documents/${at.document_id}/pages/${at.page}.png?start=${at.start}&end=${at.end}`);
  const address = URL.createObjectURL(await reply.blob());
  if (viewed !== at) return URL.revokeObjectURL(address);
  const image = make("img", { src: address, alt: `Page ${at.page} of ${at.path}, with the quoted words marked: ${at.quote || ""}` });
  image.addEventListener("load", () => URL.revokeObjectURL(address));
  text.replaceChildren(image);
  text.scrollTop = 0;
}

function turnPage(by) {
  if (viewed.page + by >= 1) open({ ...viewed, page: viewed.page + by }, null);
}

function close() {
  if ($("viewer").hidden) return false;
  viewed = null;
  $("viewer").hidden = true;
  document.body.classList.remove("reading");
  opener?.focus();
  return true;
}

function openAddress() {
  const found = /^#\/documents\/([0-9a-f]{8,32})\?start=(\d+)&end=(\d+)$/.exec(location.hash);
  if (found) open({ document_id: found[1], start: Number(found[2]), end: Number(found[3]) }, $("question"));
}

// The history is in this browser alone; the server keeps none for this page.
function history() {
  try { return JSON.parse(localStorage.getItem("asked") || "[]"); } catch { return []; }
}

function keep(question) {
  const rest = history().filter((each) => each !== question);
  try { localStorage.setItem("asked", JSON.stringify([question, ...rest].slice(0, KEPT))); } catch { /* full, or not allowed */ }
  showHistory();
}

function showHistory() {
  const rows = history().map((question) => make("li", {}, make("button", { type: "button", on: () => { panel("history", false); ask(question); } }, question)));
  $("asked").replaceChildren(...(rows.length ? rows : [make("li", {}, "Nothing yet.")]));
}

function panel(name, shown) {
  $(name).hidden = !shown;
  $(`show${name}`).setAttribute("aria-expanded", String(shown));
}

for (const name of ["history", "documents"]) $(`show${name}`).addEventListener("click", () => panel(name, $(name).hidden));
$("clearhistory").addEventListener("click", () => { localStorage.removeItem("asked"); showHistory(); });
$("fresh").addEventListener("click", () => { running?.abort(); close(); before = []; cited = []; $("turns").replaceChildren(); $("fresh").hidden = true; $("question").focus(); });
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  if (question) { $("question").value = ""; ask(question); }
});
$("stop").addEventListener("click", () => running?.abort());
$("close").addEventListener("click", close);
$("switch").addEventListener("click", () => open(viewed, null, $("switch").textContent === "Text"));
$("before").addEventListener("click", () => turnPage(-1));
$("after").addEventListener("click", () => turnPage(1));
addEventListener("hashchange", openAddress);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("keybox").open) { if (!close()) running?.abort(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  if (event.key === "/") { event.preventDefault(); $("question").focus(); $("question").select(); }
  else if (/^[1-9]$/.test(event.key) && cited[event.key - 1]) open(cited[event.key - 1], document.activeElement);
});
offer();
showHistory();
openAddress();
const asked = new URLSearchParams(location.search).get("q");
if (asked) ask(asked);
else $("question").focus();

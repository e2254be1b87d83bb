// Texts of documents and answers become text nodes, never markup.
const $ = (id) => document.getElementById(id);
const AROUND = 2500; // characters shown before and after a quotation
let running = null; // what stops the answer that is being written
let cited = []; // citations by marker, from 1
let opener = null; // what gets the focus back when the document is closed

function make(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "on") node.addEventListener("click", value);
    else if (name === "label") node.setAttribute("aria-label", value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

function place(at) {
  if (at.page) return `${at.path}, p. ${at.page}`;
  return at.line_start ? `${at.path}:${at.line_start}` : at.path;
}

async function send(path, options = {}) {
  const key = sessionStorage.getItem("key");
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  const reply = await fetch(path, { ...options, headers });
  if (reply.status === 401) {
    sessionStorage.removeItem("key");
    await askKey();
    return send(path, options);
  }
  if (!reply.ok) throw await reply.json().catch(() => ({ detail: `error ${reply.status}` }));
  return reply;
}

function askKey() {
  return new Promise((resolve) => {
    $("keybox").showModal();
    $("keyform").onsubmit = () => {
      sessionStorage.setItem("key", $("key").value.trim());
      $("key").value = "";
      resolve();
    };
  });
}

async function* eventsOf(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").filter((line) => !line.startsWith(":")).map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }));
      if (fields.event) yield { name: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

function marker(number) {
  const at = cited[number - 1];
  return make("button", { type: "button", className: "marker", title: at.quote, on: (e) => open(at, e.currentTarget),
    label: `Citation ${number}: ${place(at)}, ${at.status}` }, String(number));
}

function sentence(entry) {
  const bad = entry.citations.length === 0 || entry.citations.every((n) => cited[n - 1].status === "unsupported");
  const text = make("span", { className: bad ? "unsupported" : "" }, entry.text);
  if (bad) text.title = "No document supports this sentence.";
  return make("span", {}, entry.lead || "", text, ...(bad ? [" (unsupported)"] : []), ...entry.citations.map(marker));
}

function card(at) {
  const button = make("button", { type: "button", className: `card ${at.status}`, on: (e) => open(at, e.currentTarget) },
    make("div", { className: "where" }, `[${at.marker}] ${place(at)}`),
    make("div", { className: "status" }, [at.status, ...at.headings].join(" › ")), make("q", {}, at.quote));
  return button;
}

function passage(hit) {
  return make("button", { type: "button", className: "card", on: (e) => open({ ...hit, quote: "" }, e.currentTarget) },
    make("div", { className: "where" }, place(hit)), make("div", { className: "status" }, hit.headings.join(" › ")),
    hit.text.length > 280 ? `${hit.text.slice(0, 280)}…` : hit.text);
}

function finish(answer, box) {
  box.querySelector(".tail")?.remove();
  cited = answer.citations;
  const sources = $("sources");
  if (answer.outcome === "closest") {
    const at = answer.closest.citation;
    cited = [at];
    box.append(make("p", { className: "state" }, "The documents do not clearly answer this. The closest passage:"),
      make("blockquote", {}, answer.closest.text, marker(1)));
  } else if (!answer.answered) {
    box.append(make("p", { className: "state" }, "The documents do not answer this."));
  }
  for (const each of answer.disputes) {
    box.append(make("p", { className: "problem" },
      `[${each.marker}] is ${each.older ? "newer than" : "contradicted by"} ${place(each)}: “${each.quote}”`));
  }
  for (const each of answer.stale) box.append(make("p", { className: "problem" }, `${each.path} has ${each.kind} since it was indexed.`));
  const time = Object.values(answer.timings).reduce((sum, ms) => sum + ms, 0) / 1000;
  box.append(make("p", { className: "facts" },
    [`confidence ${answer.confidence.toFixed(2)}`, answer.mode === "none" ? "" : answer.mode, `${time.toFixed(1)} s`, ...answer.notes].filter(Boolean).join(" · ")));
  if (cited.length) sources.replaceChildren(make("h2", {}, "Sources"), ...cited.map(card));
  else if (answer.hits.length) sources.replaceChildren(make("h2", {}, "Nearest passages"), ...answer.hits.map(passage));
}

async function ask(question) {
  running?.abort();
  const stopping = (running = new AbortController());
  const box = $("answer");
  cited = [];
  $("sources").replaceChildren();
  box.replaceChildren(make("p", { className: "tail" }, "Searching…"));
  $("stop").hidden = false;
  close();
  try {
    const reply = await send("/ask", { method: "POST", signal: stopping.signal, body: JSON.stringify({ question }),
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" } });
    for await (const { name, data } of eventsOf(reply)) {
      box.querySelector(".tail")?.remove();
      if (name === "evidence" && data.writing) box.append(make("span", { className: "tail" }, "Writing…"));
      else if (name === "sentence") { cited.push(...data.new); box.append(sentence(data)); }
      else if (name === "tail") box.append(make("span", { className: "tail" }, ` ${data.text}`));
      else if (name === "discarded") { cited = []; box.replaceChildren(); }
      else if (name === "done") finish(data, box);
      else if (name === "error") throw data;
    }
  } catch (problem) {
    box.querySelector(".tail")?.remove();
    const said = problem.name === "AbortError" ? "Stopped." : problem.detail || "The server cannot be reached. Does rag serve run?";
    if (running === stopping) box.append(make("p", { className: "problem" }, said), ...(problem.hint ? [make("p", {}, problem.hint)] : []));
  } finally {
    if (running === stopping) { running = null; $("stop").hidden = true; }
  }
}

async function open(at, from) {
  opener = from;
  const viewer = $("viewer"), text = $("text");
  try {
    const start = Math.max(0, at.start - AROUND);
    const part = await (await send(`/documents/${at.document_id}/text?start=${start}&end=${at.end + AROUND}`)).json();
    const from = at.start - part.start, to = at.end - part.start;
    const mark = make("mark", {}, part.text.slice(Math.max(0, from), to));
    text.replaceChildren(part.text.slice(0, Math.max(0, from)), mark, part.text.slice(to));
    $("place").textContent = place(at.path ? at : { ...at, ...part });
    viewer.hidden = false;
    document.body.classList.add("reading");
    $("place").focus();
    mark.scrollIntoView({ block: "center" });
  } catch (problem) {
    $("place").textContent = at.path || "";
    text.replaceChildren(problem.detail || "The document cannot be shown.");
    viewer.hidden = false;
  }
}

function close() {
  if ($("viewer").hidden) return false;
  $("viewer").hidden = true;
  document.body.classList.remove("reading");
  opener?.focus();
  return true;
}

function openAddress() {
  const found = /^#\/documents\/([0-9a-f]{8,32})\?start=(\d+)&end=(\d+)$/.exec(location.hash);
  if (found) open({ document_id: found[1], start: Number(found[2]), end: Number(found[3]) }, $("question"));
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  if (question) ask(question);
});
$("stop").addEventListener("click", () => running?.abort());
$("close").addEventListener("click", close);
addEventListener("hashchange", openAddress);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("keybox").open) { if (!close()) running?.abort(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  if (event.key === "/") { event.preventDefault(); $("question").focus(); $("question").select(); }
  else if (/^[1-9]$/.test(event.key) && cited[event.key - 1]) open(cited[event.key - 1], document.activeElement);
});
openAddress();
const asked = new URLSearchParams(location.search).get("q");
if (asked) { $("question").value = asked; ask(asked); }
else $("question").focus();

// What every part of the page uses. Texts of documents and answers become text nodes, never markup.
export const $ = (id) => document.getElementById(id);

export function make(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "on") node.addEventListener("click", value);
    else if (name === "label") node.setAttribute("aria-label", value);
    else if (name === "pressed") node.setAttribute("aria-pressed", value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

export function withKey(options = {}) {
  const key = sessionStorage.getItem("key");
  return { ...options, headers: { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) } };
}

export async function send(path, options = {}) {
  const reply = await fetch(path, withKey(options));
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
      dispatchEvent(new Event("key"));
      resolve();
    };
  });
}

export async function* eventsOf(reply) {
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

export const said = (problem) => [problem.detail || "The server cannot be reached. Does rag serve run?", problem.hint].filter(Boolean).join(" ");

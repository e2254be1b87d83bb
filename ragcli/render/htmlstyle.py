"""How the page of an evaluation looks, and what sorts and filters its table."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --dim: #66727f; --line: #d5dbe1; --back: #fff; --bar: #3b76b5; --bad: #c0392b;
  --good: #1e8449; --less: #b9770e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --dim: #98a4b0; --line: #37424d; --back: #14191f; --bar: #6ea8e0;
  --bad: #ff7b6b; --good: #58d68d; --less: #e0a33c; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto; max-width: 1100px;
  padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; } .dim { color: var(--dim); } .bad { color: var(--bad); font-weight: 600; }
.good { color: var(--good); font-weight: 600; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .dim { fill: var(--dim); } svg .bar { fill: var(--bar); } svg .axis { stroke: var(--line); }
svg .curve { fill: none; stroke: var(--bar); stroke-width: 2; }
.m { display: grid; grid-template-columns: 11em 1fr 3.2em; gap: .6em; align-items: center; font-size: .85rem; }
.m > span:first-child { text-align: right; overflow-wrap: anywhere; }
.m > span:last-child { font-variant-numeric: tabular-nums; }
.track { position: relative; height: 1.1em; margin: .15em 0; background: color-mix(in srgb, var(--line) 40%, transparent); }
.track i { display: block; height: 100%; background: var(--bar); border-radius: 2px; }
.track b { position: absolute; top: 50%; height: 0; border-top: 1.5px solid var(--ink); }
@media (max-width: 600px) { .m { grid-template-columns: 11em 1fr 3.2em; font-size: .75rem; } }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 1.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sum p { margin: .15rem 0; } .sum { border-left: 4px solid var(--line); padding: .2rem 0 .2rem .9rem;
  margin: 1rem 0; font-size: 1.05rem; }
.track i.less { background: var(--less); }
.m .dim { font-size: .78rem; grid-column: 2 / -1; text-align: left; margin: -.4em 0 .4em; }
.tools { display: flex; flex-wrap: wrap; gap: .4rem; margin: .6rem 0; align-items: center; }
button, input[type=search] { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 6px;
  padding: .2rem .7rem; } button[aria-pressed=true] { background: var(--bar); color: var(--back); border-color: var(--bar); }
input[type=search] { flex: 1 1 12rem; } button.sort { border: 0; padding: 0; font-weight: inherit; }
:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
details { margin: .2rem 0; } summary { cursor: pointer; color: var(--bar); }
blockquote { margin: .2rem 0 .2rem .6rem; padding-left: .6rem;
  border-left: 3px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }
.q td:first-child { min-width: 15rem; } .q td[data-name=result] { min-width: 9rem; }
@media (max-width: 700px) { body { padding: .8rem; } table.q, .q tbody, .q tr, .q td { display: block; }
  .q thead { display: none; }
  .q td, .q td:first-child { border: 0; padding: .1rem 0; min-width: 0; }
  .q tr { border-bottom: 1px solid var(--line); padding: .6rem 0; }
  .q td[data-name]::before { content: attr(data-name) ": "; color: var(--dim); } }
"""

SCRIPT = """
const rows = [...document.querySelectorAll("table.q tbody tr")];
const tools = document.querySelector(".tools"), search = document.querySelector("input[type=search]");
let kind = "";
function show() {
  const words = search.value.toLowerCase();
  let count = 0;
  for (const row of rows) {
    const fits = (!kind || row.dataset.tags.split("\\n").includes(kind)) && row.textContent.toLowerCase().includes(words);
    row.hidden = !fits;
    count += fits;
  }
  document.querySelector("#count").textContent = count + " of " + rows.length + " questions";
}
tools.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  kind = button.dataset.kind;
  for (const other of tools.querySelectorAll("button")) other.setAttribute("aria-pressed", other === button);
  show();
});
search.addEventListener("input", show);
for (const button of document.querySelectorAll("button.sort")) button.addEventListener("click", () => {
  const column = +button.dataset.column, down = button.dataset.down = button.dataset.down === "1" ? "" : "1";
  const key = row => row.children[column].dataset.value ?? row.children[column].textContent;
  const order = (a, b) => key(a).localeCompare(key(b), undefined, {numeric: true}) * (down ? -1 : 1);
  document.querySelector("table.q tbody").append(...rows.sort(order));
});
show();
"""

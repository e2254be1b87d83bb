// Sending files, and the ingests that were asked for.
import { $, eventsOf, make, said, send, withKey } from "./talking.js";

const followed = new Set();
const OVER = new Set(["done", "failed", "cancelled", "interrupted"]);

// Whether the key may ingest is what the server says; nobody is asked for a key because of it.
export async function offer() {
  try {
    const reply = await fetch("/jobs", withKey());
    $("showdocuments").hidden = !reply.ok;
    if (reply.ok) for (const job of (await reply.json()).jobs.slice(0, 20).reverse()) show(job);
  } catch { $("showdocuments").hidden = true; }
}

function outcome(job) {
  if (job.state === "running") return job.progress.of ? `${job.progress.done} of ${job.progress.of} files` : "begins";
  if (job.state === "queued") return "waits for its turn";
  const report = job.report;
  const counts = report ? [["added", report.added], ["updated", report.updated], ["removed", report.removed], ["copies", report.copies],
    ["unchanged", report.unchanged]].filter(([, count]) => count).map(([name, count]) => `${count} ${name}`) : [];
  return [job.state, ...counts, job.problem].filter(Boolean).join(" · ");
}

function show(job) {
  const name = job.files.length ? job.files.map((path) => path.split("/").pop()).join(", ") : "All folders";
  const row = make("li", { id: `job-${job.id}` }, make("span", { className: "what" }, name));
  if (!OVER.has(job.state)) row.append(make("button", { type: "button", label: `Cancel ${name}`, on: () => send(`/jobs/${job.id}`, { method: "DELETE" }) }, "Cancel"));
  if (job.state === "running" && job.progress.of) row.append(make("progress", { max: job.progress.of, value: job.progress.done, label: name }));
  row.append(make("span", { className: "how" }, outcome(job)));
  for (const file of job.refused) row.append(make("span", { className: "how problem" }, `${file.path}: ${file.reason}`));
  const before = $(`job-${job.id}`);
  if (before) before.replaceWith(row);
  else $("jobs").prepend(row);
  if (!OVER.has(job.state) && !followed.has(job.id)) follow(job.id);
}

async function follow(id) {
  followed.add(id);
  try {
    const reply = await send(`/jobs/${id}`, { headers: { Accept: "text/event-stream" } });
    for await (const { data } of eventsOf(reply)) show(data);
  } catch { /* the list shows what was known last */ } finally { followed.delete(id); }
}

async function upload(files) {
  if (!files.length) return;
  const form = new FormData();
  for (const file of files) form.append("files", file);
  if ($("access").value.trim()) form.append("access", $("access").value.trim());
  $("sending").textContent = `Sending ${files.length === 1 ? files[0].name : `${files.length} files`}…`;
  $("sending").className = "";
  try {
    show(await (await send("/ingest", { method: "POST", body: form })).json());
    $("sending").textContent = "";
  } catch (problem) {
    $("sending").textContent = said(problem);
    $("sending").className = "problem";
  }
  $("files").value = "";
}

$("files").addEventListener("change", (event) => upload([...event.target.files]));
for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => {
  if ($("showdocuments").hidden || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  $("documents").hidden = false;
  $("showdocuments").setAttribute("aria-expanded", "true");
  $("drop").classList.add("over");
});
addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").classList.remove("over"); });
addEventListener("drop", (event) => {
  if ($("showdocuments").hidden || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  $("drop").classList.remove("over");
  upload([...event.dataTransfer.files]);
});
addEventListener("key", offer);

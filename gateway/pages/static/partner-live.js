// A page that stays true while it is looked at: values by their names; where more than values has changed, it is asked
// for anew, unless somebody is about to write or has opened something in it.
import { localise } from "./times.js";

const page = document.querySelector("[data-events]");
const said = page?.querySelector("[data-said]");
const AGAIN_AFTER_MS = 5000;

function show(told) {
  if (said) said.textContent = "";
  if (told.shape !== page.dataset.shape && !document.querySelector("main details[open]")) return location.reload();
  for (const one of page.querySelectorAll("[data-live]")) {
    const value = told.values[one.dataset.live];
    if (value !== undefined && value !== one.textContent) one.textContent = value;
  }
  const done = page.querySelector("[data-done]");
  if (done) done.value = told.done;
  if (told.rows) list(told.rows);
}

// Rows are those of a <template>; what is in them is text, whoever wrote it.
function list(rows) {
  const body = page.querySelector("[data-rows]");
  const row = page.querySelector("template[data-row]");
  if (!body || JSON.stringify(rows) === body.dataset.shown) return;
  body.dataset.shown = JSON.stringify(rows);
  body.replaceChildren(...rows.map((one) => filled(row.content.cloneNode(true), one)));
  localise(body);
}

function filled(row, values) {
  for (const cell of row.querySelectorAll("[data-cell]")) {
    const value = values[cell.dataset.cell];
    if (cell.tagName === "TIME") {
      cell.dateTime = value;
      cell.title = `${value.slice(0, 19).replace("T", " ")} UTC`;
      cell.dataset.local = "";
    } else {
      cell.textContent = value;
    }
    if (cell.tagName === "A") cell.href = values.url;
    if ("tone" in cell.dataset && values.tone) cell.classList.add(values.tone);
    if (cell.classList.contains("badge")) cell.hidden = value === "";
  }
  return row;
}

function listen() {
  const stream = new EventSource(page.dataset.events);
  stream.onmessage = (event) => show(JSON.parse(event.data));
  // A broken stream comes back by itself; one that was refused (a replica that is full, or stops) does not.
  stream.onerror = () => {
    if (said) said.textContent = said.dataset.lost;
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_AFTER_MS);
  };
}

if (page) listen();

// An application saves itself while it is typed, and shows what the pre-check says beside the fields.
import { localise } from "./times.js";

const PAUSE_MS = 600;
const JSON_WANTED = { Accept: "application/json" };

function say(form, text) {
  const said = form.querySelector("[data-said]");
  said.textContent = said.dataset[text];
}

function showFault(note, fault) {
  const field = document.getElementById(note.id.replace(/-said$/, ""));
  note.textContent = fault ?? note.dataset.hint;
  note.className = fault ? "fault" : "hint";
  if (fault) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

// What nobody has come to yet is not called wrong: a fault is shown at fields that were left or have something in them.
function showFaults(form, faults) {
  for (const note of form.querySelectorAll("[data-pointer]")) {
    const field = form.elements[note.dataset.pointer];
    const seen = field.dataset.seen || field.value.trim();
    showFault(note, seen ? faults[note.dataset.pointer] : undefined);
  }
}

function showLeft(left) {
  for (const badge of document.querySelectorAll("[data-whole]")) {
    const open = left.includes(badge.dataset.whole);
    badge.textContent = open ? badge.dataset.no : badge.dataset.yes;
    badge.classList.toggle("good", !open);
    const check = document.querySelector(`[data-check="${badge.dataset.whole}"]`);
    check.classList.toggle("whole", !open);
    check.firstElementChild.textContent = badge.textContent;
  }
}

// One at a time for each form; what is typed meanwhile is sent after it.
const sending = new Map();
async function send(form) {
  if (sending.get(form)) return sending.set(form, "again");
  sending.set(form, "now");
  say(form, "saving");
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, headers: JSON_WANTED });
    if (answer.redirected) return location.reload();
    const told = await answer.json();
    showFaults(form, told.faults);
    showLeft(told.left);
    say(form, told.saved && !told.left.includes(form.dataset.section) ? "saved" : "partly");
  } catch {
    say(form, "lost");
  } finally {
    const again = sending.get(form) === "again";
    sending.delete(form);
    if (again) send(form);
  }
}

for (const form of document.querySelectorAll("form[data-section]")) {
  let pause;
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(send, PAUSE_MS, form);
  });
  form.addEventListener("focusout", (event) => {
    if (event.target.name) event.target.dataset.seen = "yes";
  });
}

async function preview(file, canvas) {
  canvas.hidden = !file.type.startsWith("image/");
  if (canvas.hidden) return;
  const picture = await createImageBitmap(file);
  const scale = Math.max(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  canvas.getContext("2d").drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
}

async function upload(form) {
  const file = form.elements.file.files[0];
  if (!file) return;
  const state = form.querySelector("[data-state]");
  const failed = form.querySelector("[data-failed]");
  failed.hidden = true;
  state.textContent = state.dataset.choosing;
  state.className = "badge wait";
  preview(file, form.querySelector("canvas")).catch(() => {});
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: JSON_WANTED });
  const told = await answer.json();
  if (!answer.ok) {
    failed.textContent = told.detail;
    failed.hidden = false;
    state.className = "badge bad";
    state.textContent = "✕";
    return;
  }
  state.textContent = state.dataset.stored;
  state.className = "badge good";
  form.querySelector("[data-size]").textContent = `${Math.round(told.size_bytes / 1024)} KB`;
}

for (const form of document.querySelectorAll("form[data-paper]")) {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => upload(form));
}

localise(document);

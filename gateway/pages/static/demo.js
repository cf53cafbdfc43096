// The showroom: shows what its server says of each exhibit, and sends it what visitors do.
import { fill, money, tick, word } from "./demo-binding.js";
import { camera, pixels } from "./demo-camera.js";

const exhibits = new Map([...document.querySelectorAll("[data-exhibit]")].map((one) => [one.dataset.exhibit, one]));
const states = {};
const lamp = document.getElementById("lamp");
const coach = document.getElementById("coach-text");

// What is shown

const events = new EventSource("/demo/live");
events.onopen = () => { lamp.textContent = word("live"); lamp.dataset.is = "good"; };
events.onerror = () => { lamp.textContent = word("lost"); lamp.dataset.is = "wait"; };
for (const [name, root] of exhibits) {
  events.addEventListener(name, (event) => update(name, root, JSON.parse(event.data)));
}

function update(name, root, state) {
  const before = states[name];
  states[name] = state;
  root.classList.add("here");
  if (before?.screen !== state.screen) leave(name, root);
  if (before?.payment?.id !== state.payment?.id) root.querySelectorAll("form[data-preview]").forEach(clear);
  const inside = root.contains(document.activeElement) && before !== undefined;
  for (const child of root.children) fill(child, state);
  tick();
  const screen = root.querySelector("[data-screen]:not([hidden])");
  if (screen && inside && (document.activeElement === document.body || hidden(document.activeElement))) screen.focus();
  announce(root, screen, before);
  advise();
}

// What comes next on a new screen is not waited for by what was pressed on the old one.
function leave(name, root) {
  camera.stop(name);
  for (const node of root.querySelectorAll("[aria-busy]")) node.removeAttribute("aria-busy");
}

function hidden(node) {
  return node.closest("[hidden]") !== null || !node.isConnected;
}

function announce(root, screen, before) {
  const voice = root.querySelector("[data-say]");
  const title = screen?.querySelector("[data-title]");
  if (voice === null || !title || before === undefined) return;
  const amount = screen.querySelector(".big, output");
  const said = [title.textContent, amount?.textContent].filter(Boolean).join(" ");
  if (voice.textContent !== said) voice.textContent = said;
}

function advise() {
  const { phone, till, shop } = states;
  if (!phone || !till || !shop) return;
  const doubt = [till, shop].some((one) => one.screen === "result" && ["processing", "reversing"].includes(one.payment?.state));
  const latest = [till, shop].filter((one) => one.screen === "result" && one.payment)
    .sort((one, other) => other.payment.updated_at.localeCompare(one.payment.updated_at))[0];
  const paid = latest?.payment.state === "succeeded";
  let key = "start";
  if (phone.screen === "review") key = "confirm";
  else if (till.screen === "scan") key = phone.screen === "code" ? "click" : "code";
  else if (till.screen === "code" || shop.screen === "pay") key = "scan";
  else if (doubt) key = "doubt";
  else if (paid) key = "paid";
  else if (shop.lines.length) key = "open";
  if (coach.dataset.key !== key) { coach.textContent = word(`coach.${key}`); coach.dataset.key = key; }
  document.body.dataset.coach = key;
}

// What visitors do

async function send(path, body, type) {
  const answer = await fetch(path, { method: "POST", body, headers: { "Content-Type": type } });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(told);
  return told;
}

class Refusal extends Error {
  constructor(told) {
    super(word(`refusal.${told?.code}`) ?? told?.detail ?? word("offline"));
  }
}

export async function act(name, work, node) {
  const trouble = exhibits.get(name).querySelector("[data-trouble]");
  trouble.hidden = true;
  node?.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    trouble.textContent = error instanceof Refusal ? error.message : word("offline");
    trouble.hidden = false;
    return undefined;
  } finally {
    node?.removeAttribute("aria-busy");
  }
}

function deed(name, body) {
  return send(`/demo/do/${name.replace(".", "/")}`, JSON.stringify(body), "application/json");
}

function scan(name, picture) {
  return send(`/demo/scan/${name}`, picture, "image/png");
}

async function hold(image, scanner) {
  const picture = await pixels(image);
  if (picture === null) throw new Refusal({ code: "picture_missing" });
  return scan(scanner, picture);
}

document.addEventListener("click", (event) => {
  const node = event.target.closest("button");
  if (node === null || (node.getAttribute("aria-busy") === "true" && node.dataset.often === undefined)) return;
  const { do: name, scan: scanner, camera: eye } = node.dataset;
  if (name) {
    const id = node.dataset.id ?? node.dataset.withText;
    act(name.split(".")[0], () => deed(name, id === undefined ? {} : { id }), node);
  } else if (scanner) {
    act(scanner, () => hold(node.querySelector("img"), scanner), node);
  } else if (eye) {
    const trouble = () => act(eye, () => { throw new Refusal({ detail: word("no_camera") }); });
    camera.start(eye, exhibits.get(eye).querySelector("[data-finder]"), (picture) => scan(eye, picture), trouble);
  } else if (node.closest("[data-keys]")) {
    press(document.getElementById(node.closest("[data-keys]").dataset.keys), node.value);
  }
});

function press(field, key) {
  if (key === "C") field.value = "";
  else if (field.dataset.typed === undefined) field.value = key;
  else field.value += key;
  field.dataset.typed = "";
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const name = event.submitter?.dataset.deed ?? form.dataset.form;
  const body = Object.fromEntries(new FormData(form));
  act(name.split(".")[0], () => deed(name, body).then(() => clear(form)), event.submitter);
});

function clear(form) {
  if (!form.dataset.preview) return;
  form.reset();
  form.querySelector("[data-shares]").hidden = true;
  form.closest("details").open = false;
}

document.addEventListener("change", (event) => {
  const node = event.target;
  const name = node.dataset.pick ?? node.dataset.switch;
  if (name === undefined) return;
  const body = node.dataset.pick ? { id: node.value } : { on: node.checked };
  act("faults", () => deed(name, body)).then(() => fill(exhibits.get("faults"), states.faults));
});

let asked = 0;
document.addEventListener("input", async (event) => {
  const form = event.target.form;
  if (!form?.dataset.preview) return;
  const mine = ++asked;
  const shares = form.querySelector("[data-shares]");
  const told = await deed(form.dataset.preview, Object.fromEntries(new FormData(form))).catch(() => null);
  if (mine !== asked) return;
  shares.hidden = told === null;
  if (told !== null) for (const one of shares.children) fill(one, told);
});

for (const price of document.querySelectorAll("[data-price]")) {
  price.textContent = money(Number(price.dataset.price), price.dataset.currency);
}

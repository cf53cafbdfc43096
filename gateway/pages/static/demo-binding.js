// Fills a page from plain values: attributes of the markup say what goes where. Text only, so whatever a merchant or a
// customer wrote stays text. A list's items keep their nodes, and so the focus, for as long as they are there.
const words = new Map(
  [...document.getElementById("words").content.querySelectorAll("data")].map((one) => [one.getAttribute("value"), one.textContent]),
);
const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const TONES = {
  succeeded: "good", processing: "wait", reversing: "wait", requires_payer: "wait", requires_confirmation: "wait",
  declined: "bad", expired: "bad", canceled: "bad", reversed: "bad",
};

const LONGEST_NUMBER = 20;

export function word(key) {
  return words.get(key);
}

export function money(minor, currency, sign = "auto") {
  const made = new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol", signDisplay: sign });
  const digits = made.resolvedOptions().maximumFractionDigits;
  return made.format(minor / 10 ** digits);
}

export function reach(scope, path) {
  return path.split(".").reduce((value, name) => value?.[name], scope);
}

function holds(scope, condition) {
  const [, no, path, , different, values] = /^(!?)([\w.]+)((!?)=(.*))?$/.exec(condition);
  const value = reach(scope, path);
  if (values === undefined) return Boolean(value) !== Boolean(no);
  return values.split("|").includes(String(value)) !== Boolean(different);
}

const FILLERS = {
  t: (node, value) => say(node, value ?? ""),
  m: (node, value) => say(node, value ? amountOf(node, value) : "–"),
  minor: (node, value) => say(node, value === undefined ? "–" : money(value, "CNY")),
  signed: (node, value) => say(node, value ? money(value, "CNY", "always") : ""),
  digits: (node, value) => say(node, (value ?? "").replace(/(\d{4})(?=\d)/g, "$1 ")),
  no: (node, value) => { say(node, short(value ?? "")); node.title = value ?? ""; },
  name: (node, value) => join(node, value ?? ""),
  src: (node, value) => show(node, value),
  href: (node, value) => { if (/^https?:/.test(value ?? "")) node.href = value; else node.removeAttribute("href"); },
  value: (node, value) => { if (node.value !== String(value ?? "")) node.value = value ?? ""; },
  tone: (node, value) => { node.dataset.is = TONES[value] ?? ""; },
  fresh: (node, value) => node.classList.toggle("fresh", Boolean(value)),
  clock: (node, value) => setClock(node, value),
  until: (node, value) => { node.dataset.at = value ?? ""; },
  left: (node, value, scope) => { node.dataset.at = value ?? ""; node.dataset.life = reach(scope, node.dataset.of) ?? 1; },
};

export function fill(node, scope) {
  const data = node.dataset;
  if (data.own !== undefined) return; // filled from elsewhere
  if (data.if !== undefined) {
    node.hidden = !holds(scope, data.if);
    if (node.hidden) return;
  }
  for (const name in FILLERS) if (data[name] !== undefined) FILLERS[name](node, reach(scope, data[name]), scope);
  if (data.w !== undefined) speak(node, scope);
  if (data.with !== undefined) data.id = reach(scope, data.with) ?? "";
  if (data.checked !== undefined) node.checked = holds(scope, data.checked);
  if (data.each !== undefined) list(node, reach(scope, data.each) ?? []);
  else for (const child of node.children) fill(child, scope);
}

function speak(node, scope) {
  const [kind, path] = node.dataset.w.includes(" ") ? node.dataset.w.split(" ") : ["state", node.dataset.w];
  const value = reach(scope, path);
  const other = node.dataset.else && reach(scope, node.dataset.else);
  say(node, words.get(`${kind}.${value}`) ?? words.get(`state.${value}`) ?? other ?? value ?? "");
}

function list(node, items) {
  const template = node.querySelector(":scope > template");
  const known = new Map([...node.children].filter((one) => one !== template).map((one) => [one.dataset.key, one]));
  let before = template;
  items.forEach((item, index) => {
    const key = String(item.id ?? item.sku ?? item.account ?? item.offer_id ?? index);
    const row = known.get(key) ?? template.content.firstElementChild.cloneNode(true);
    known.delete(key);
    row.dataset.key = key;
    if (before.nextElementSibling !== row) before.after(row);
    fill(row, item);
    before = row;
  });
  for (const gone of known.values()) gone.remove();
}

// A number that somebody made up stays; one that a machine made begins with its time, and ends as many others do.
function short(number) {
  return number.length > LONGEST_NUMBER ? `${number.slice(0, LONGEST_NUMBER - 6)}…` : number;
}

// A name may be broken where its parts meet, and is copied as it is.
function join(node, name) {
  if (node.textContent === name) return;
  node.replaceChildren(...name.split(/(?<=[._])/).flatMap((part) => [part, document.createElement("wbr")]));
}

function amountOf(node, value) {
  return money(node.dataset.minus === undefined ? value.amount_minor : -value.amount_minor, value.currency);
}

function say(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

function show(node, address) {
  if (address && node.getAttribute("src") !== address) node.src = address;
  node.alt = node.dataset.alt ?? "";
}

function setClock(node, value) {
  if (!value) return say(node, "");
  const at = new Date(value);
  say(node, clock.format(at));
  node.title = `${full.format(at)} · ${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  if (node instanceof HTMLTimeElement) node.dateTime = value;
}

function tick() {
  for (const node of document.querySelectorAll("[data-at]")) {
    const left = Math.max(0, (new Date(node.dataset.at) - Date.now()) / 1000) || 0;
    if (node instanceof HTMLProgressElement) node.value = Math.min(1, left / node.dataset.life);
    else say(node, `${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}`);
  }
}

setInterval(tick, 500);
export { tick };

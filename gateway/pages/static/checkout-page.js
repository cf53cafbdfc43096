// The page of an online order. It shows what the server says and makes nothing up: at the end of the countdown it waits
// to be told, for a payment may succeed in that very moment.
const page = document.querySelector("[data-events]");
const part = (name) => page.querySelector(`[data-part="${name}"]`);
const attempt = Number(page.dataset.attempt);
const LEAVE_AFTER_MS = 3000;
const AGAIN_AFTER_MS = 5000;
let stream = null;

function show(told) {
  if (told.attempt !== attempt) return location.reload(); // another code
  page.dataset.phase = told.phase;
  part("headline").textContent = told.headline;
  part("detail").textContent = told.detail;
  part("pay")?.toggleAttribute("hidden", told.phase !== "waiting");
  part("again").hidden = !told.again;
  if (told.payable) agreed(told);
  const paid = told.phase === "paid";
  const over = paid || told.phase === "returned" || told.phase === "expired";
  part("back").hidden = !over;
  part("back").href = told.back;
  part("cancel").hidden = !told.may_leave;
  document.title = `${told.headline} · ${page.dataset.shop}`;
  if (over) stream?.close();
  if (paid) leave(told.back);
}

// What the page reckoned for anybody gives way to what this payer agreed to; a reload lists the offers.
function agreed(told) {
  part("payable").textContent = told.payable;
  part("before").hidden = !told.less;
  const offers = part("offers");
  if (offers && "guessed" in offers.dataset) offers.hidden = true;
}

// Once: whoever comes back with the browser's own button wants to look, not to be sent away again.
function leave(url) {
  if (sessionStorage.getItem(page.dataset.events)) return;
  sessionStorage.setItem(page.dataset.events, "left");
  setTimeout(() => location.replace(url), LEAVE_AFTER_MS);
}

function listen() {
  stream = new EventSource(page.dataset.events);
  stream.onmessage = (event) => show(JSON.parse(event.data));
  // A broken stream comes back by itself; one that was refused (a replica that is full, or stops) does not.
  stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_AFTER_MS); };
}

function count() {
  const left = part("left");
  if (!left) return;
  const until = performance.now() + Number(left.dataset.left) * 1000;
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    if (!parts[0]) parts.shift();
    left.textContent = parts.map((one, at) => (at ? String(one).padStart(2, "0") : one)).join(":");
    page.classList.toggle("urgent", seconds <= 60);
    if (seconds === 0) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

// From the browser's memory the page is as old as when it was left.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
part("again")?.addEventListener("submit", () => { part("again").querySelector("button").disabled = true; });
count();
listen();

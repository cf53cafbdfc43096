// Signing in and applying: the key is made and used in this browser, only what it signed is sent.
import { assertion, forget, fromFile, generate, keep, kept } from "./key-sign-in.js";

const signIn = document.querySelector("form#sign-in");
const apply = document.querySelector("form#apply");
const { audience, place } = (apply ?? signIn).dataset;
const failed = document.querySelector("[data-failed]");
const texts = document.querySelector("[data-texts]")?.dataset ?? {};

function fail(text) {
  failed.textContent = text;
  failed.hidden = false;
}

async function enter(identity) {
  signIn.elements.assertion.value = await assertion(identity, audience);
  signIn.submit();
}

async function listKnown() {
  const known = await kept(place);
  signIn.querySelector("[data-none]").hidden = known.length > 0;
  const list = signIn.querySelector("[data-known]");
  for (const identity of known) {
    const item = signIn.querySelector("template[data-identity]").content.cloneNode(true);
    item.querySelector("[data-name]").textContent = identity.name || identity.client_id;
    item.querySelector("[data-client]").textContent = identity.client_id;
    item.querySelector("button").addEventListener("click", (event) => {
      event.preventDefault();
      enter(identity);
    });
    list.append(item);
  }
}

async function takeFile(event) {
  try {
    const identity = await fromFile(event.target.files[0], place);
    await keep(identity);
    await enter(identity);
  } catch {
    fail(texts.broken);
  }
}

// What another browser of the same client uploads: the public half, and a proof that the other half is here.
async function makeForAnother() {
  const clientId = signIn.querySelector("#client").value.trim();
  if (!clientId.startsWith("cli_")) return signIn.querySelector("#client").focus();
  const identity = { ...(await generate(place)), client_id: clientId };
  await keep(identity);
  const upload = await proven(identity, "keys");
  const made = signIn.querySelector("[data-made]");
  made.hidden = false;
  made.querySelector("textarea").value = JSON.stringify(upload);
  made.querySelector("textarea").select();
}

async function proven(identity, where) {
  const uploadedTo = `${audience.replace(/\/console$/, "")}/v1/clients/${identity.client_id}/${where}`;
  return { jwk: identity.jwk, proof: await assertion(identity, uploadedTo) };
}

// The bank has reset the keys: its code lets one made here in.
async function enrol() {
  const [client, code] = ["#reset-client", "#reset-code"].map((id) => signIn.querySelector(id).value.trim());
  const identity = { ...(await generate(place)), client_id: client };
  await keep(identity);
  const upload = JSON.stringify(await proven(identity, "enrol"));
  const body = new URLSearchParams({ client_id: client, reset_code: code, upload });
  const answer = await fetch("/console/enrol", { method: "POST", body });
  if (answer.ok) return enter(identity);
  await forget(identity.id);
  fail((await answer.json()).detail);
}

let pending;
async function begin(event) {
  event.preventDefault();
  const button = apply.querySelector("button");
  button.ariaBusy = "true";
  // The key is kept before it is sent: should this page die now, the next try under the same form asks for the same.
  pending ??= await generate(place);
  pending.name = apply.elements["/short_name"].value;
  await keep(pending);
  const sent = new URLSearchParams(new FormData(apply));
  sent.set("jwk", JSON.stringify(pending.jwk));
  try {
    const answer = await fetch(apply.action, { method: "POST", body: sent });
    const told = await answer.json();
    if (!answer.ok) {
      await forget(pending.id);
      pending = undefined;
      return fail(Object.values(told.faults ?? {})[0] ?? told.detail ?? told.title);
    }
    const identity = { ...pending, client_id: told.client_id };
    await keep(identity);
    await enter(identity);
  } finally {
    button.ariaBusy = null;
  }
}

if (apply) {
  apply.hidden = false;
  apply.addEventListener("submit", begin);
} else {
  signIn.hidden = false;
  signIn.querySelector("#file").addEventListener("change", takeFile);
  signIn.querySelector("[data-make]").addEventListener("click", makeForAnother);
  signIn.querySelector("[data-enrol]").addEventListener("click", enrol);
  signIn.addEventListener("submit", (event) => event.preventDefault());
  await listKnown();
}

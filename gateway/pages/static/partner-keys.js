// A new key for this browser: made, proven and uploaded here; the next sign-in uses it, and the old one is revoked by hand.
import { assertion, generate, keep } from "./key-sign-in.js";

const form = document.querySelector("form#rotate");

async function rotate(event) {
  if (form.elements.upload.value) return;
  event.preventDefault();
  const { client, audience } = form.dataset;
  const identity = { ...(await generate("partner")), client_id: client, name: document.querySelector("h1").textContent };
  await keep(identity);
  const uploadedTo = `${audience.replace(/\/console$/, "")}/v1/clients/${client}/keys`;
  form.elements.upload.value = JSON.stringify({ jwk: identity.jwk, proof: await assertion(identity, uploadedTo) });
  form.submit();
}

if (form) {
  form.hidden = false;
  form.addEventListener("submit", rotate);
}

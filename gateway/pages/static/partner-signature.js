// The agreement is signed with a key that is made for it and for nothing else.
import { generate, keep, signed } from "./key-sign-in.js";

const form = document.querySelector("form#sign");
const button = form.querySelector("button");

form.addEventListener("submit", async (event) => {
  if (form.elements.jws.value) return;
  event.preventDefault();
  button.ariaBusy = "true";
  const key = { ...(await generate("agreement")), client_id: form.dataset.client };
  await keep(key);
  const said = {
    ...JSON.parse(form.dataset.statement),
    signer_name: form.elements.signer_name.value.trim(),
    signer_title: form.elements.signer_title.value.trim(),
  };
  form.elements.jws.value = await signed(key, { typ: "agreement+jwt" }, said);
  form.elements.jwk.value = JSON.stringify(key.jwk);
  form.submit();
});

button.hidden = false;

// The identity file is read here; what its key signs is sent, the key never is.
import { assertion, fromFile } from "./key-sign-in.js";

const form = document.querySelector("form#by-key");
const failed = form.querySelector("[data-failed]");

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.querySelector("input[type=file]").addEventListener("change", async (event) => {
  failed.hidden = true;
  try {
    const identity = await fromFile(event.target.files[0], "operator");
    form.elements.assertion.value = await assertion(identity, form.dataset.audience);
  } catch {
    failed.hidden = false;
    return;
  }
  form.submit();
});

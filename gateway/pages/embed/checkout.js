// For shops: <form method="post" action="/your/checkout" data-checkout> becomes one session, one click, one redirect.
// Your server opens the session and answers {"url": …} to this script, or 303 to a browser without it.
(() => {
  const gateway = new URL(document.currentScript.src).origin;
  addEventListener("pageshow", () => document.querySelectorAll("[data-checkout] button").forEach((one) => { one.disabled = false; }));
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-checkout]"), button = event.submitter;
    if (!form) return;
    event.preventDefault();
    button.disabled = true; // a second click would be a second order
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form, button), headers: { Accept: "application/json" } });
      const { url } = await answer.json();
      if (!answer.ok || new URL(url).origin !== gateway) throw new Error("no checkout");
      location.assign(url);
    } catch (error) {
      button.disabled = false;
      form.dispatchEvent(new CustomEvent("checkout-failed", { bubbles: true, detail: error }));
    }
  });
})();

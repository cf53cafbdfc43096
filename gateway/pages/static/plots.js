// Plots are drawn in the bank's time zone; a reader elsewhere gets them in their own.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function inZone(root) {
  if (!zone || zone === "Asia/Shanghai") return;
  for (const source of root.querySelectorAll("[data-plot] source")) {
    source.srcset = placed(source.srcset);
  }
  for (const image of root.querySelectorAll("[data-plot] img")) {
    image.src = placed(image.getAttribute("src"));
  }
}

function placed(url) {
  return url.includes("zone=") ? url : `${url}&zone=${encodeURIComponent(zone)}`;
}

inZone(document);

// Times stand in the page in UTC; here they become the reader's own, with UTC left in the title.
const shown = new Intl.DateTimeFormat(document.documentElement.lang, {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});

export function localise(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    time.textContent = shown.format(new Date(time.dateTime));
    delete time.dataset.local;
  }
}

localise(document);

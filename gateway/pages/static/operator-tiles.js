// Tiles are asked for every few seconds; a page with plots is drawn anew with each minute, unless somebody reads their figures.
const tiles = document.querySelector("[data-tiles]");
const live = document.querySelector("[data-live]");
const everyMs = Number(tiles.dataset.everyMs);

function show(told) {
  for (const one of told.tiles) {
    const tile = tiles.querySelector(`[data-tile="${CSS.escape(one.key)}"]`);
    if (!tile) continue;
    const value = tile.querySelector("[data-value]");
    value.textContent = one.value;
    value.classList.toggle("none", one.tone === "none");
    tile.classList.toggle("bad", one.tone === "bad");
  }
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(tiles.dataset.tiles, { headers: { Accept: "application/json" } });
      if (answer.redirected) return location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      const told = await answer.json();
      show(told);
      live.textContent = "";
      const another = told.minute && new Date(told.minute).getTime() !== new Date(tiles.dataset.minute).getTime();
      if (another && !document.querySelector("details[open]")) return location.reload();
    } catch {
      live.textContent = live.dataset.lost;
    }
  }
  setTimeout(look, everyMs);
}

setTimeout(look, everyMs);

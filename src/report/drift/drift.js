const cards = document.getElementById("cards");
const all = [...cards.children];
const [find, sort, only] = ["find", "sort", "only"].map((id) => document.getElementById(id));

function show() {
  const wanted = find.value.trim().toLowerCase();
  let shown = 0;
  for (const card of all) {
    const named = card.dataset.name.toLowerCase().includes(wanted);
    card.hidden = !named || (only.checked && !card.classList.contains("drift"));
    shown += !card.hidden;
  }
  document.getElementById("none").hidden = shown > 0;
}

function order() {
  const key = sort.value;
  const sorted = [...all];
  if (key === "name") sorted.sort((a, b) => (a.dataset.name < b.dataset.name ? -1 : 1));
  else if (key) sorted.sort((a, b) => b.dataset[key] - a.dataset[key]);
  cards.append(...sorted);
}

find.addEventListener("input", show);
only.addEventListener("change", show);
sort.addEventListener("change", order);
document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());

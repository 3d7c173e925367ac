// The caseload as a list: only the rows in sight are in the page, so ten thousand patients scroll as ten do.
// All text is set as text, never as markup.

const ROW_PX = 60;
const ROW_WITH_NEWS_PX = 77;
const BEYOND = 6; // rows kept ready above and below those in sight

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function drawRow(row, place, high, isChosen) {
  const line = element("div", "hip-row" + (isChosen ? " hip-chosen" : ""));
  line.id = `hip-row-${place}`;
  line.setAttribute("role", "option");
  line.setAttribute("aria-selected", String(isChosen));
  line.dataset.patient = row.patient_id;
  line.style.top = `${place * high}px`;
  line.style.height = `${high}px`;
  line.classList.toggle("hip-has-news", Boolean(row.news));
  line.title = [row.reason, row.news].filter(Boolean).join("\n");
  const why = element("div", "hip-why");
  const words = element("div", "hip-words");
  words.append(element("span", `hip-flag hip-${row.tone}`, `${row.mark} ${row.word}`), element("span", "hip-more", row.more));
  if (row.new) words.append(element("span", "hip-new", row.new));
  const reason = element("div", "hip-reason", row.brief);
  if (row.news) reason.append(element("br", ""), element("span", "hip-quiet", row.news));
  why.append(words, reason);
  line.append(element("div", "hip-patient", row.patient_id), why, element("div", "hip-sessions", row.sessions));
  return line;
}

function render({ model, el }) {
  const root = element("div", "hip-caseload hip");
  root.dataset.lmSuppressShortcuts = "true"; // the arrow keys move in the list, not between cells
  const search = element("input", "hip-search");
  search.type = "search";
  search.placeholder = "Search patient or reason";
  search.setAttribute("aria-label", search.placeholder);
  const head = element("div", "hip-head");
  head.append(element("div", "", "Patient"), element("div", "", "Why now"), element("div", "hip-sessions", "4 weeks"));
  const list = element("div", "hip-list");
  list.tabIndex = 0;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Caseload, most urgent first");
  const tall = element("div", "hip-tall");
  const count = element("div", "hip-count");
  list.append(tall);
  root.append(search, head, list, count);
  el.append(root);

  const shown = () => model.get("shown");
  const rows = () => model.get("rows");
  const chosenPlace = () => shown().findIndex((index) => rows()[index].patient_id === model.get("chosen"));

  const rowHeight = () => (rows().some((row) => row.news) ? ROW_WITH_NEWS_PX : ROW_PX);
  let high = rowHeight();

  function draw() {
    const first = Math.max(0, Math.floor(list.scrollTop / high) - BEYOND);
    const last = Math.min(shown().length, Math.ceil((list.scrollTop + list.clientHeight) / high) + BEYOND);
    const chosen = model.get("chosen");
    const lines = shown().slice(first, last).map((index, offset) =>
      drawRow(rows()[index], first + offset, high, rows()[index].patient_id === chosen));
    tall.style.height = `${shown().length * high}px`;
    tall.replaceChildren(...lines);
    list.setAttribute("aria-activedescendant", `hip-row-${chosenPlace()}`);
    const all = rows().length;
    count.textContent = shown().length === all ? `${all} patients` : `${shown().length} of ${all} patients`;
  }

  function choose(place) {
    const row = rows()[shown()[place]];
    if (!row) return;
    model.set("chosen", row.patient_id);
    model.save_changes();
  }

  function showChosen() {
    const top = chosenPlace() * high;
    if (top < list.scrollTop) list.scrollTop = Math.max(0, top);
    else if (top + high > list.scrollTop + list.clientHeight) list.scrollTop = top + high - list.clientHeight;
    draw();
  }

  const page = () => Math.max(1, Math.floor(list.clientHeight / high) - 1);
  const moves = {
    ArrowDown: (place) => place + 1, ArrowUp: (place) => place - 1,
    PageDown: (place) => place + page(), PageUp: (place) => place - page(),
    Home: () => 0, End: () => shown().length - 1,
  };
  list.addEventListener("keydown", (event) => {
    if (!moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    choose(Math.min(Math.max(moves[event.key](chosenPlace()), 0), shown().length - 1));
  });
  tall.addEventListener("click", (event) => {
    const line = event.target.closest(".hip-row");
    if (line) choose(Math.round(parseFloat(line.style.top) / high));
  });
  list.addEventListener("scroll", draw);
  search.addEventListener("input", () => {
    model.set("search", search.value);
    model.save_changes();
  });

  const tellTheme = () => {
    model.set("theme", document.body.dataset.jpThemeLight === "false" ? "dark" : "light");
    model.save_changes();
  };
  const themeWatch = new MutationObserver(tellTheme);
  themeWatch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const chartWatch = new ResizeObserver(() => window.dispatchEvent(new Event("resize"))); // the chart then fits itself
  const sizeWatch = new ResizeObserver(() => {
    const chart = el.closest(".hip-screen")?.querySelector(".hip-chart");
    if (chart) chartWatch.observe(chart);
    draw();
  });
  sizeWatch.observe(list);

  const back = () => { high = rowHeight(); list.scrollTop = 0; draw(); };
  model.on("change:chosen", showChosen);
  model.on("change:shown", back);
  model.on("change:rows", back);
  search.value = model.get("search");
  tellTheme();
  draw();
  return () => {
    themeWatch.disconnect();
    sizeWatch.disconnect();
    chartWatch.disconnect();
    model.off("change:chosen", showChosen);
    model.off("change:shown", back);
    model.off("change:rows", back);
  };
}

export default { render };

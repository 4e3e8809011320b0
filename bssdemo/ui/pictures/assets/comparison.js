// The comparison board: a row per method, the last one at work while its sources form.
const ENDS = { searching: "Fitting", done: "Done", stopped: "Stopped", "time limit": "Time limit" };
const LOWERED = { glo: "error of the sum", rpca: "share not explained" };
let shown = ""; // what the DOM was built for

function curve(values) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), line = document.createElementNS(svg.namespaceURI, "polyline");
  const low = Math.min(...values), high = Math.max(...values), span = high - low || 1;
  svg.setAttribute("viewBox", "0 0 100 60");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("points", values.map((v, i) => `${(98 * i) / Math.max(values.length - 1, 1) + 1},${4 + 52 * (1 - (v - low) / span)}`).join(" "));
  svg.append(line);
  return svg;
}

function build(frame) {
  const head = h("div", "pic-line pic-line-head", h("span", ""), h("span", "", "sum of both"),
    ...frame.names.map((name) => h("span", "", name)), h("span", "", "what is lowered"));
  const known = frame.truths.length ? [h("div", "pic-line", h("span", "pic-method", h("b", "", "True sources"), h("small", "", "known for this mixture")),
    cell(frame.mixture, "the mixture"), ...frame.truths.map((number, k) => cell(number, `true ${frame.names[k]}`)), h("span", ""))] : [];
  const rows = frame.rows.map((row) => h("div", "pic-line", h("span", "pic-method", h("b", "", row.method), h("small", "pic-took", "")),
    cell(row.sum, `sum of both by ${row.method}`),
    ...row.sources.map((number, k) => cell(number, `${frame.names[k]} by ${row.method}`)), h("span", "pic-curve")));
  root.querySelector(".pic-table").replaceChildren(head, ...known, ...rows);
}

function cell(number, label) { return h("span", "pic-cell", tile(number, label), h("span", "pic-scored")); }

function words(frame) {
  const lines = [...root.querySelectorAll(".pic-line")].slice(-frame.rows.length);
  frame.rows.forEach((row, at) => {
    const took = row.seconds < 1 ? `${Math.round(1000 * row.seconds)} ms` : `${row.seconds.toFixed(1)} s`;
    lines[at].querySelector(".pic-took").textContent = took + (row.steps > 1 ? `, ${row.step} steps` : "");
    lines[at].querySelectorAll(".pic-scored").forEach((place, k) => place.replaceChildren(k ? scored(row.scores[k - 1]) : ""));
    if (row.curve.length) {
      const now = row.curve[row.curve.length - 1];
      lines[at].querySelector(".pic-curve").replaceChildren(curve(row.curve), h("small", "", `${LOWERED[row.key] || ""} ${now.toPrecision(2)}`));
    }
  });
  const last = frame.rows[frame.rows.length - 1], going = last.status === "searching";
  say("status", `${last.method}: ${ENDS[last.status].toLowerCase()}`);
  say("step", going ? `step ${last.step} / ${last.steps}` : `${last.step} steps`);
  say("time", `${last.seconds.toFixed(1)} s`);
  root.querySelector(".bss-progress > i").style.width = `${going ? (100 * last.step) / last.steps : 100}%`;
  const live = root.querySelector("[data-part=live]"), spoken = `${last.method}: ${ENDS[last.status]}.`;
  if (live.textContent !== spoken) live.textContent = spoken;
  root.setAttribute("aria-label", `Methods beside each other: ${frame.rows.map((row) => row.method).join(", ")}.`);
  Object.assign(root.dataset, { status: last.status, step: last.step, rows: frame.rows.map((row) => row.key).join(" ") });
}

async function show() {
  const frame = await next();
  if (!frame) return;
  if (!frame.rows) {
    root.dataset.status = "idle";
    return;
  }
  const key = JSON.stringify([frame.names, frame.truths, frame.rows.map((row) => row.key)]);
  if (key !== shown) build(frame);
  shown = key;
  words(frame);
  await fill(frame);
}

watch("value", show);
show();

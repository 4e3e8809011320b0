// The live board: last but one part of gr.HTML's js_on_load, where `element`, `props` and `watch` are in scope.
// The DOM is built once per set of sources; then only canvases and texts change. Every text from a frame
// goes through textContent.
const KIND = { raw: "estimate", refined: "refined stem" }, KINDS = { raw: "estimates", refined: "refined stems" };
const STATUS = { searching: "Searching", stopped: "Stopped", "time limit": "Stopped", done: "Done", chosen: "Ready" };
const root = element.querySelector(".bss-board");
let built = null; // the sources the DOM was built for

function build(frame) {
  plots = [];
  built = frame.names.join("\n");
  if (!frame.names.length) {
    const own = picturePlot("Your recording", () => "press Separate to take it apart", () => 0, () => "your recording", null);
    root.querySelector(".bss-rows").replaceChildren(h("div", "bss-row bss-own", own));
    return;
  }
  const top = h("div", "bss-row bss-top",
    picturePlot("Mixture", () => "", () => 0, () => "the mixture", 0),
    picturePlot("Together", (f) => "sum of the " + KINDS[f.stems], () => 1, (f) => "the sum of the " + KINDS[f.stems], null),
    curvePlot([h("b", "", "Objective"), h("small", "", "what the search lowers")], "--bss-ink", "Objective",
      (f) => [f.totalCurve, f.totalRange]));
  const rows = frame.names.map((name, k) => h("div", "bss-row bss-source",
    picturePlot(name, (f) => KIND[f.stems], () => k + 2, (f) => `the ${KIND[f.stems]} of ${name}`, k + 1),
    h("div", "bss-terms", ...TERMS.map(([index, term], t) =>
      curvePlot([h("span", "bss-name", symbol(index), " " + term)], `--bss-term-${t}`, `${term} loss of ${name}`,
        (f) => [f.curves[t][k], f.ranges[t], f.names.length > 1 ? f.curves[t].map((one) => one[one.length - 1]) : null])))));
  const rest = h("div", "bss-row bss-source bss-rest",
    picturePlot("Residual", (f) => (f.residual ? "what no source explains" : "at the end of the run"),
      (f) => f.names.length + 2, () => "the residual", frame.names.length + 1),
    h("p", "bss-words", "What none of the chosen sources explains. The refined stems and this residual add up to the mixture."));
  root.querySelector(".bss-rows").replaceChildren(top, ...rows, rest);
}

function words(frame) {
  const say = (part, text) => { root.querySelector(`[data-part=${part}]`).textContent = text; };
  const status = STATUS[frame.status] || "";
  const going = frame.status === "searching";
  say("status", frame.recorded ? (going ? "Recorded run" : "Recorded run, complete") : status);
  say("step", `step ${frame.step} / ${frame.steps}`);
  const left = frame.step ? (frame.seconds / frame.step) * (frame.steps - frame.step) : NaN;
  say("time", `${frame.seconds.toFixed(1)} s` + (going && isFinite(left) ? ` · about ${Math.ceil(left)} s left` : ""));
  root.dataset.status = frame.recorded ? "recorded" : frame.status;
  root.dataset.step = frame.step;
  root.dataset.stems = frame.stems;
  root.querySelector(".bss-rest")?.classList.toggle("bss-awaited", !frame.residual);
  root.querySelector(".bss-progress > i").style.width = `${(100 * frame.step) / Math.max(frame.steps, 1)}%`;
  frame.weights.forEach((weight, t) => say(`beta-${t}`, weight.toFixed(2)));
  const spoken = frame.status === "chosen" ? "Your recording is ready." : frame.recorded ? "Showing a recorded run." : `${status}.`;
  const live = root.querySelector("[data-part=live]");
  if (live.dataset.status !== frame.status + frame.recorded) live.textContent = spoken;
  live.dataset.status = frame.status + frame.recorded;
  root.setAttribute("aria-label", frame.status === "chosen" ? `Live board, ${spoken}` :
    `Live board, ${spoken} Step ${frame.step} of ${frame.steps}, objective ${short(frame.totalCurve[frame.totalCurve.length - 1])}.`);
}

// `brings`: into view, when a run begins below it; not what stands there when the page is opened
function show(brings = true) {
  if (!props.value) {
    last = null;
    built = null;
    root.dataset.status = "idle";
    root.setAttribute("aria-label", "Live board, nothing to show yet.");
    return;
  }
  const starts = !last;
  last = decode(props.value);
  if (built !== last.names.join("\n")) build(last);
  words(last);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (brings && (starts || last.step === 0) && root.getBoundingClientRect().top > 0.7 * innerHeight)
    (root.closest("#stage") || root).scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  schedule();
  listen();
}

// One method's components side by side: last part of gr.HTML's js_on_load, after frame.js and draw.js.
// Its value is a frame as the board's; every text goes through textContent.
const ENDED = { stopped: "stopped", "time limit": "ended by its time limit" };
const root = element.querySelector(".bss-method");
const say = (part, text) => { root.querySelector(`[data-part=${part}]`).textContent = text; };
const title = root.getAttribute("aria-label");
let built = ""; // the components the DOM was built for

function build(frame) {
  plots = [];
  root.querySelector(".bss-pictures").replaceChildren(...frame.names.map((name, k) =>
    picturePlot(name, () => "", () => k + 2, () => `${name}, ${title}`, null)));
  built = frame.names.join("\n");
}

function show() {
  last = props.value ? decode(props.value) : null;
  root.dataset.status = last ? last.status : "idle";
  if (!last) {
    say("time", "waiting …");
    root.querySelector(".bss-pictures").replaceChildren();
    built = "";
    return;
  }
  if (built !== last.names.join("\n")) build(last);
  const going = last.status === "searching";
  const step = going && last.steps > 1 ? `step ${last.step} / ${last.steps} · ` : "";
  say("time", step + `${last.seconds.toFixed(1)} s` + (ENDED[last.status] ? `, ${ENDED[last.status]}` : ""));
  root.querySelector(".bss-progress > i").style.width = `${(100 * last.step) / Math.max(last.steps, 1)}%`;
  schedule();
}

watch("value", show);
new ResizeObserver(schedule).observe(root);
new MutationObserver(schedule).observe(document.body, { attributes: true, attributeFilter: ["class"] });
show();

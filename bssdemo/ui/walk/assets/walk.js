// The walk-through: js_on_load of its gr.HTML. Each step says one thing and outlines what it speaks of.
const KEY = "bssdemo-walk";
const STEPS = [
  ["#examples", "1 of 3. Press the large button of a card: it opens that example. Or choose a file of your own below."],
  ["#actions", "2 of 3. Tick what you hear, then press Separate. Watch it search is the same, slowed down for you to follow."],
  ["#stage-mixer", "3 of 3. Play everything together here, or press Solo to hear one sound alone."],
];
const root = element.querySelector(".walk");
const part = (name) => root.querySelector(`[data-part=${name}]`);
let step = -1;

const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
const outline = (selector) => {
  document.querySelectorAll(".walk-here").forEach((one) => one.classList.remove("walk-here"));
  const here = selector && document.querySelector(selector);
  if (!here) return;
  here.classList.add("walk-here");
  here.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
};

function end() {
  outline(null);
  root.hidden = true;
  try { localStorage.setItem(KEY, "seen"); } catch { /* it comes back next time */ }
}

function next() {
  step += 1;
  if (step === STEPS.length) return end();
  const [selector, words] = STEPS[step];
  root.classList.add("walk-going");
  part("words").textContent = words;
  part("next").textContent = step === STEPS.length - 1 ? "Done" : "Next";
  part("end").textContent = "Close";
  part("end").hidden = step === STEPS.length - 1;
  outline(selector);
}

part("next").addEventListener("click", next);
part("end").addEventListener("click", end);
root.addEventListener("keydown", (event) => { if (event.key === "Escape") end(); });
root.hidden = Boolean(remembered());

// Listening on the board: last part of gr.HTML's js_on_load. The mixer plays; here its cursor crosses every picture,
// a press on a picture's button asks for that row alone, and a press on a picture moves the cursor there.
const AXIS = 26; // pixels of frequency labels left of a picture, as in draw.js

function listen() {
  root.classList.toggle("bss-audible", Boolean(last && heard && heard.lanes === last.names.length + 2));
}

let heard = null; // what the mixer said last: {at, going, lane, lanes}
document.addEventListener("bss-mixer", ({ detail }) => {
  heard = detail;
  listen();
  root.style.setProperty("--at", detail.at);
  root.classList.toggle("bss-heard", root.classList.contains("bss-audible") && (detail.going || detail.at > 0));
  for (const button of root.querySelectorAll(".bss-play")) {
    const playing = detail.going && Number(button.dataset.sound) === detail.lane;
    if (playing === button.classList.contains("bss-playing")) continue;
    button.classList.toggle("bss-playing", playing);
    schedule(); // its label too
  }
});

root.addEventListener("click", (event) => {
  const button = event.target.closest(".bss-play"), area = event.target.closest(".bss-picture .bss-area");
  if (button) document.dispatchEvent(new CustomEvent("bss-alone", { detail: Number(button.dataset.sound) }));
  else if (area && root.classList.contains("bss-audible")) {
    const { left, width } = area.getBoundingClientRect();
    document.dispatchEvent(new CustomEvent("bss-seek", { detail: Math.max(0, (event.clientX - left - AXIS) / (width - AXIS)) }));
  }
});

watch("value", () => show());
new ResizeObserver(schedule).observe(root);
new MutationObserver(schedule).observe(document.body, { attributes: true, attributeFilter: ["class"] });
show(false);

// The part to take apart: js_on_load of its gr.HTML. A drag across the waveform draws a window, a drag of the window
// moves it; the numbers do the same by keyboard. What is chosen goes back as the component's value.
const root = element.querySelector(".cut"), canvas = root.querySelector("canvas"), pane = root.querySelector(".cut-window");
const part = (name) => root.querySelector(`[data-part=${name}]`);
let told = null; // the value on show
let held = null; // {x, at, start, moves} of a press

const longest = () => Math.min(told.most, told.seconds);
const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

function within(start, end) {
  const length = Math.min(Math.max(end - start, told.least), longest());
  const from = Math.min(Math.max(start, 0), told.seconds - length);
  return [Math.round(10 * from) / 10, Math.min(Math.round(10 * (from + length)) / 10, told.seconds)];
}

function place() {
  pane.style.left = `${(100 * told.start) / told.seconds}%`;
  pane.style.width = `${(100 * (told.end - told.start)) / told.seconds}%`;
  part("start").value = told.start.toFixed(1);
  part("length").value = (told.end - told.start).toFixed(1);
}

function take(start, end, done = true) {
  const [from, to] = within(start, end);
  told = { ...told, start: from, end: to };
  place();
  if (!done) return;
  props.value = told;
  trigger("input");
}

function draw() {
  const scale = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (!told || !width) return;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = getComputedStyle(root).getPropertyValue("--bss-muted");
  [...told.wave].forEach((letter, at) => {
    const half = Math.max(0.5, (ALPHABET.indexOf(letter) / 63) * (height / 2 - 2));
    pen.fillRect((at * width) / told.wave.length, height / 2 - half, Math.max(1, width / told.wave.length - 1), 2 * half);
  });
}

function show() {
  const value = props.value || {};
  root.hidden = !value.seconds;
  if (!value.seconds) return;
  told = value;
  part("length").min = told.least;
  part("length").max = part("start").max = told.seconds;
  part("all").hidden = told.seconds > told.most;
  part("words").textContent = told.seconds > told.most
    ? `This recording lasts ${clock(told.seconds)}. Drag across it to choose up to ${told.most} s.`
    : "Drag across the waveform to take only a part of it.";
  place();
  draw();
}

const at = (x) => {
  const { left, width } = canvas.getBoundingClientRect();
  return told.seconds * Math.min(Math.max((x - left) / width, 0), 1);
};
const area = root.querySelector(".cut-area");
area.addEventListener("pointerdown", (event) => {
  const untouched = told.start === 0 && told.end >= longest() - 0.05; // then a drag chooses, later it moves
  const time = at(event.clientX), moves = !untouched && time > told.start && time < told.end;
  held = { x: event.clientX, at: time, start: told.start, end: told.end, moves };
  area.setPointerCapture(event.pointerId);
});
area.addEventListener("pointermove", (event) => {
  if (!held || Math.abs(event.clientX - held.x) < 4) return;
  const now = at(event.clientX), by = now - held.at;
  if (held.moves) take(held.start + by, held.end + by, false);
  else take(Math.min(held.at, now), Math.max(held.at, now), false);
});
area.addEventListener("pointerup", (event) => {
  if (held && Math.abs(event.clientX - held.x) >= 4) take(told.start, told.end);
  held = null;
});
area.addEventListener("pointercancel", () => { held = null; });
part("start").addEventListener("change", () => {
  const start = Number(part("start").value);
  take(start, start + told.end - told.start);
});
part("length").addEventListener("change", () => take(told.start, told.start + Number(part("length").value)));
part("all").addEventListener("click", () => take(0, told.seconds));

watch("value", show);
new ResizeObserver(draw).observe(root);
new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });
show();

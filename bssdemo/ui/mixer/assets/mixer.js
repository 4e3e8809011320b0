// What the mixer does: last part of its js_on_load. Buttons, keys, and a finger or mouse on the waveforms.
const PHONE = 6; // pixels that a finger may slip without meaning a loop
let opening = false; // an example was pressed: the mixer takes the keyboard when its sounds are there

function solo(lane) {
  lane.solo = !lane.solo;
  if (lane.solo) lane.mute = false;
  if (hearing === "mixture") hearing = "stems";
  switched();
}

function mute(lane) {
  lane.mute = !lane.mute;
  if (lane.mute) lane.solo = false;
  switched();
}

function hear(what) {
  if (what === "truth" && !tracks.some((track) => track.role === "truth")) return;
  hearing = what;
  switched();
}

// One lane alone, from the board: the mixture's own mode, or that lane solo. Pressed again, it stops.
function playAlone(number) {
  if (going && root.dataset.lane === String(number)) return pause();
  hearing = number === 0 ? "mixture" : "stems";
  lanes.forEach((lane, at) => Object.assign(lane, { solo: number > 0 && at === number, mute: lane.mute && at !== number }));
  switched();
  play();
}

function loopOver(start, end) {
  loop = end - start > 0.02 ? [Math.max(0, start), Math.min(end, duration)] : null;
  if (going) play(loop ? loop[0] : place());
  else moved();
}

let shown = null; // what it shows already, told again, changes nothing

function show() {
  const value = props.value || {}, old = lanes, at = place(), again = going;
  const told = JSON.stringify([value.name, value.title, (value.tracks || []).map(({ label, wave, file }) => [label, wave, file.url])]);
  if (told === shown) return opened();
  shown = told;
  silence();
  wishes += 1;
  tracks = (value.tracks || []).map(({ file, ...rest }) => ({ ...rest, url: file.url }));
  for (const url of sounds.keys()) if (!tracks.some((track) => track.url === url)) sounds.delete(url);
  root.dataset.loading = "";
  root.dataset.tracks = tracks.length;
  root.classList.toggle("mix-idle", tracks.length === 0);
  for (const control of root.querySelectorAll("button, input")) control.disabled = tracks.length === 0;
  if (!tracks.length) {
    from = 0;
    moved();
    return; // the lanes of before stay, greyed: nothing on the page jumps while the next ones come
  }
  const same = old.map((lane) => lane.label).join("\n") === tracks.filter((track) => track.role !== "truth").map((track) => track.label).join("\n");
  const other = !same || value.name !== root.dataset.name;
  root.dataset.name = value.name;
  part("title").textContent = value.title;
  duration = value.seconds;
  if (other) {
    hearing = "stems";
    loop = null;
  }
  from = other ? 0 : at;
  built(same && !other ? old : []);
  switched();
  if (again && !other) play(at);
  opened();
}

function opened() {
  if (opening && tracks.length) root.focus({ preventScroll: true });
  if (tracks.length) opening = false;
}

root.addEventListener("click", ({ target }) => {
  const choice = target.closest("[data-hear]"), named = target.closest("[data-part]");
  if (choice) hear(choice.dataset.hear);
  else if (named?.dataset.part === "play") going ? pause() : play();
  else if (named?.dataset.part === "loop") loopOver(0, loop ? 0 : duration);
});

// A press on a waveform sets the cursor, a drag across it loops what it covers.
let held = null; // {area, x, at} of the press
root.addEventListener("pointerdown", (event) => {
  const area = event.target.closest(".mix-area");
  if (!area || !tracks.length) return;
  held = { area, x: event.clientX, at: timeAt(area, event.clientX) };
  area.setPointerCapture(event.pointerId);
});
root.addEventListener("pointermove", (event) => {
  if (!held || Math.abs(event.clientX - held.x) < PHONE) return;
  const at = timeAt(held.area, event.clientX);
  loop = [Math.min(held.at, at), Math.max(held.at, at)];
  moved();
});
root.addEventListener("pointerup", (event) => {
  if (!held) return;
  const { area, x, at } = held;
  held = null;
  if (Math.abs(event.clientX - x) < PHONE) return seek(at);
  const other = timeAt(area, event.clientX);
  loopOver(Math.min(at, other), Math.max(at, other));
});
root.addEventListener("pointercancel", () => { held = null; });

function timeAt(area, x) {
  const { left, width } = area.getBoundingClientRect();
  return duration * Math.min(Math.max((x - left) / width, 0), 1);
}

const press = (name) => { if (element.closest("#stage-mixer")) document.getElementById(name)?.click(); };
const KEYS = {
  s: () => press("separate"),
  w: () => press("watch"),
  " ": () => (going ? pause() : play()),
  ArrowLeft: () => seek(place() - duration / 20),
  ArrowRight: () => seek(place() + duration / 20),
  Home: () => seek(0),
  0: () => { lanes.forEach((lane) => Object.assign(lane, { solo: false, mute: false })); hear("stems"); },
  m: () => hear(hearing === "mixture" ? "stems" : "mixture"),
  t: () => hear(hearing === "truth" ? "stems" : "truth"),
  l: () => loopOver(0, loop ? 0 : duration),
  "[": () => loopOver(place(), loop && loop[1] > place() ? loop[1] : duration),
  "]": () => loopOver(loop && loop[0] < place() ? loop[0] : 0, place()),
};
root.addEventListener("keydown", (event) => {
  if (!tracks.length || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && event.target.closest("button, a")) return;
  if (event.key.startsWith("Arrow") && event.target.matches("input")) return;
  const lane = /^[1-9]$/.test(event.key) ? lanes[Number(event.key)] : null;
  const act = lane ? () => solo(lane) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("bss-opens", () => { opening = element.closest("#stage-mixer") !== null; });
document.addEventListener("bss-alone", ({ detail }) => {
  if (element.closest("#stage-mixer") && detail < lanes.length && tracks.length) playAlone(detail);
});
document.addEventListener("bss-seek", ({ detail }) => {
  if (element.closest("#stage-mixer") && tracks.length) seek(detail * duration);
});
watch("value", show);
new ResizeObserver(draw).observe(root);
new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });
show();

// What the mixer shows: second part of its js_on_load. One lane for the mixture, one a stem, one for the rest;
// every text from outside goes through textContent.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const part = (name) => root.querySelector(`[data-part=${name}]`);
let lanes = []; // {role, label, track, truth, solo, mute, volume, canvas, node}
let hearing = "stems"; // or "mixture", "truth"

function node(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function button(className, text, label, press) {
  const made = node("button", className, text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", press);
  return made;
}

// How loud a track is: the mixture in its own mode only, a lane's stem or truth by the lane's switches.
function level(track) {
  if (track.role === "mixture") return hearing === "mixture" ? 1 : 0;
  const lane = lanes.find((one) => one.track === track || one.truth === track);
  const shown = hearing === "stems" ? lane.track : hearing === "truth" ? lane.truth : null;
  if (shown !== track || lane.mute) return 0;
  const alone = lanes.some((one) => one.solo);
  return alone && !lane.solo ? 0 : lane.volume;
}

function built(old) {
  const truths = tracks.filter((track) => track.role === "truth");
  let stem = 0;
  lanes = tracks.filter((track) => track.role !== "truth").map((track) => {
    const before = old.find((one) => one.label === track.label && one.role === track.role) || {};
    const lane = { role: track.role, label: track.label, track, truth: track.role === "stem" ? truths[stem++] : null };
    return Object.assign(lane, { solo: before.solo || false, mute: before.mute || false, volume: before.volume ?? 1 });
  });
  lanes.forEach(furnish);
  part("lanes").replaceChildren(...lanes.map((lane) => lane.node));
}

function furnish(lane, number) {
  lane.canvas = node("canvas", "mix-wave");
  lane.canvas.setAttribute("role", "img");
  lane.canvas.setAttribute("aria-label", `Waveform of ${lane.label}`);
  const save = node("a", "mix-save", "↓");
  save.href = lane.track.url;
  save.download = lane.track.saved;
  save.title = `Download ${lane.track.saved}`;
  save.setAttribute("aria-label", `Download ${lane.label}`);
  save.addEventListener("click", (event) => {
    event.preventDefault();
    saved(lane.track);
  });
  const area = node("div", "mix-area", lane.canvas, node("i", "mix-region"), node("i", "mix-cursor"));
  const switches = node("div", "mix-switches");
  if (lane.role !== "mixture") {
    lane.soloButton = button("mix-toggle mix-solo", "Solo", `Solo ${lane.label}`, () => solo(lane));
    lane.muteButton = button("mix-toggle mix-mute", "Mute", `Mute ${lane.label}`, () => mute(lane));
    if (number < 10) lane.soloButton.title = `Key ${number}`;
    const volume = node("input", "mix-volume");
    Object.assign(volume, { type: "range", min: 0, max: 1, step: 0.05, value: lane.volume });
    volume.setAttribute("aria-label", `Volume of ${lane.label}`);
    volume.addEventListener("input", () => {
      lane.volume = Number(volume.value);
      balance();
    });
    switches.append(lane.soloButton, lane.muteButton, volume);
  }
  const name = node("span", "mix-name", lane.label);
  lane.node = node("div", `mix-lane mix-${lane.role}`, name, switches, area, save);
}

// The server says a name of its own for a file, which would win over the link's: so the page hands over the bytes.
async function saved(track) {
  const link = node("a", "");
  link.href = URL.createObjectURL(await (await fetch(track.url)).blob());
  link.download = track.saved;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// A wave in the lane's ink, on the scale that all share.
function draw() {
  for (const { canvas, track, truth } of lanes) {
    const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) continue;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d"), shown = hearing === "truth" && truth ? truth : track;
    pen.scale(scale, scale);
    pen.fillStyle = getComputedStyle(canvas).color;
    const step = width / shown.wave.length;
    [...shown.wave].forEach((letter, column) => {
      const tall = Math.max(1, (LETTERS.indexOf(letter) / 63) * height);
      pen.fillRect(column * step, (height - tall) / 2, Math.max(step - 0.5, 0.75), tall);
    });
  }
}

function time(seconds) {
  const whole = Math.floor(seconds);
  const rest = duration < 20 ? `.${Math.floor(10 * (seconds - whole) + 1e-6)}` : "";
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}${rest}`;
}

// The cursor and the loop, on our own lanes and for everybody who wants to draw them: board/listen.js does.
function moved() {
  const at = duration ? place() / duration : 0;
  root.style.setProperty("--at", at);
  root.style.setProperty("--loop-from", loop ? loop[0] / duration : 0);
  root.style.setProperty("--loop-to", loop ? loop[1] / duration : 0);
  root.classList.toggle("mix-looped", loop !== null);
  root.classList.toggle("mix-going", going);
  part("play").setAttribute("aria-label", going ? "Pause" : "Play");
  part("time").textContent = `${time(place())} / ${time(duration)}`;
  part("loop").setAttribute("aria-pressed", String(loop !== null));
  const alone = lanes.findIndex((lane) => lane.solo);
  const single = lanes.filter((lane) => lane.solo).length === 1;
  const lane = hearing === "mixture" ? 0 : single && hearing === "stems" ? alone : null;
  root.dataset.lane = going && lane !== null ? lane : "";
  if (element.closest("#stage-mixer"))
    document.dispatchEvent(new CustomEvent("bss-mixer", { detail: { at, going, lane, lanes: lanes.length } }));
  if (going) requestAnimationFrame(moved);
}

function switched() {
  for (const lane of lanes) {
    lane.soloButton?.setAttribute("aria-pressed", String(lane.solo));
    lane.muteButton?.setAttribute("aria-pressed", String(lane.mute));
    const alone = lanes.some((one) => one.solo);
    const silent = lane.role === "mixture" ? hearing !== "mixture" : level((hearing === "truth" && lane.truth) || lane.track) === 0;
    lane.node.classList.toggle("mix-silent", silent);
  }
  for (const choice of root.querySelectorAll("[data-hear]")) {
    choice.setAttribute("aria-pressed", String(choice.dataset.hear === hearing));
    if (choice.dataset.hear === "truth") choice.hidden = !tracks.some((track) => track.role === "truth");
  }
  balance();
  draw();
  moved();
}

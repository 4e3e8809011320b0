// One transport for several sounds: first part of the mixer's js_on_load. With Web Audio all of them start on the
// same sample, and only their gains differ: what is solo, muted or compared never drifts. `level(track)` and
// `moved()` are defined by the parts that follow.
const FADE = 0.008; // seconds in which a gain follows, so that nothing clicks
const AHEAD = 0.03; // seconds from the order to the first sample
const root = element.querySelector(".mix");
const sounds = new Map(); // address -> {bytes, buffer}: what has been fetched and decoded
let context = null;
let tracks = []; // {role, label, url, saved, wave, source, gain}
let duration = 0; // seconds of the longest
let from = 0, began = 0, going = false; // the cursor when it was set, and the context's clock then
let loop = null; // [start, end] in seconds, or nothing
let wishes = 0; // counts what was asked for: an older wish that is still loading gives up

function fetched(track) {
  if (!sounds.has(track.url)) sounds.set(track.url, {});
  const sound = sounds.get(track.url);
  if (!sound.buffer) sound.bytes ??= fetch(track.url).then((answer) => {
    if (!answer.ok) throw new Error("gone");
    return answer.arrayBuffer();
  });
  return sound;
}

async function decoded(track) {
  const sound = fetched(track);
  sound.buffer ??= await context.decodeAudioData((await sound.bytes).slice(0));
  sound.bytes = null;
  return sound.buffer;
}

function place() {
  if (!going) return from;
  const at = from + Math.max(0, context.currentTime - began);
  if (loop && at >= loop[1]) return loop[0] + ((at - loop[0]) % (loop[1] - loop[0]));
  return Math.min(at, duration);
}

function silence() {
  for (const track of tracks) {
    if (!track.source) continue;
    track.source.onended = null;
    track.source.stop();
    track.source = track.gain = null;
  }
  going = false;
}

function pause() {
  wishes += 1;
  from = place();
  silence();
  moved();
}

async function play(at = place()) {
  const wish = (wishes += 1);
  context ??= new AudioContext();
  root.dataset.loading = "true";
  try {
    await Promise.all([context.resume(), ...tracks.map(decoded)]);
  } catch {
    root.dataset.loading = "gone";
    return;
  }
  if (wish !== wishes) return;
  root.dataset.loading = "";
  silence();
  document.dispatchEvent(new CustomEvent("bss-sounds", { detail: root }));
  duration = Math.max(...tracks.map((track) => sounds.get(track.url).buffer.duration));
  from = at >= duration - 0.01 ? 0 : at;
  if (loop && (from < loop[0] || from >= loop[1])) from = loop[0];
  began = context.currentTime + AHEAD;
  for (const track of tracks) {
    track.source = context.createBufferSource();
    track.gain = context.createGain();
    track.source.buffer = sounds.get(track.url).buffer;
    track.gain.gain.value = level(track);
    track.source.connect(track.gain).connect(context.destination);
    if (loop) Object.assign(track.source, { loop: true, loopStart: loop[0], loopEnd: loop[1] });
    track.source.start(began, from);
  }
  tracks[0].source.onended = () => {
    from = 0;
    silence();
    moved();
  };
  going = true;
  moved();
}

function seek(at) {
  const there = Math.min(Math.max(at, 0), duration);
  if (going) return play(there);
  from = there;
  moved();
}

// What is heard of every sound follows the switches, wherever the cursor is.
function balance() {
  for (const track of tracks)
    if (track.gain) track.gain.gain.setTargetAtTime(level(track), context.currentTime, FADE);
}

document.addEventListener("bss-sounds", ({ detail }) => { if (detail !== root && going) pause(); });

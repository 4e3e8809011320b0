// Listening on the board: last part of gr.HTML's js_on_load. A press on a spectrogram's button plays what the
// page's player of that name holds, and a line crosses the picture with the sound.
const sound = new Audio();
let playing = null; // the button whose sound is on

function sources() {
  const links = [...document.querySelectorAll("#players a[download]")]; // mixture, stems, residual
  return last && links.length === last.names.length + 2 ? links : [];
}

function listen() {
  const found = sources().length > 0;
  root.classList.toggle("bss-audible", found);
  if (!found) silence();
  else if (playing) goOn();
}

// The other kind of stem takes over where the first one was.
function goOn() {
  const { href } = sources()[Number(playing.dataset.sound)];
  if (href === sound.src) return;
  const at = sound.currentTime;
  sound.src = href;
  sound.currentTime = at;
  sound.play().catch(silence);
}

function silence() {
  sound.pause();
  if (playing) playing.classList.remove("bss-playing");
  playing = null;
}

function sweep() {
  if (!playing) return;
  const line = playing.closest("figure").querySelector(".bss-playhead");
  line.style.setProperty("--at", Math.min(sound.currentTime / last.duration, 1));
  requestAnimationFrame(sweep);
}

root.addEventListener("click", (event) => {
  const button = event.target.closest(".bss-play");
  if (!button) return;
  const again = button === playing;
  silence();
  const link = sources()[Number(button.dataset.sound)];
  if (again || !link) return;
  sound.src = link.href;
  playing = button;
  button.classList.add("bss-playing");
  sound.play().then(sweep, silence);
});
sound.addEventListener("ended", silence);
new MutationObserver(listen).observe(root.closest("#stage") || root, { childList: true, subtree: true });

watch("value", show);
new ResizeObserver(schedule).observe(root);
new MutationObserver(schedule).observe(document.body, { attributes: true, attributeFilter: ["class"] });
show();

// An example's sounds, heard on its card: js_on_load of its gr.HTML. The file is fetched when it is to be heard.
const sound = new Audio();
const line = element.querySelector(".card-picture");
let playing = null; // the button whose sound is on

function silence() {
  sound.pause();
  playing?.removeAttribute("aria-pressed");
  line.classList.remove("card-going");
  playing = null;
}

function sweep() {
  if (!playing) return;
  line.style.setProperty("--at", sound.currentTime / (sound.duration || 1));
  requestAnimationFrame(sweep);
}

element.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-sound]"), again = button === playing;
  if (!button) return;
  silence();
  if (again) return;
  playing = button;
  button.setAttribute("aria-pressed", "true");
  line.classList.add("card-going");
  sound.src = props.value.files[Number(button.dataset.sound)].url;
  // a press on another button while this one loads ends this promise: its end is then none of the other's business
  sound.play().then(sweep, () => { if (playing === button) silence(); });
});
sound.addEventListener("ended", silence);
// told a moment late: by then another sound may be on
sound.addEventListener("pause", () => { if (sound.paused && !sound.ended) silence(); });

// one stop of the keyboard for all of a card's sounds; the arrows move between them
const sounds = [...element.querySelectorAll("[data-sound]")];
sounds.forEach((button, at) => { button.tabIndex = at ? -1 : 0; });
element.addEventListener("keydown", (event) => {
  const at = sounds.indexOf(event.target), by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (at < 0 || !by) return;
  event.preventDefault();
  const next = sounds[(at + by + sounds.length) % sounds.length];
  sounds.forEach((button) => { button.tabIndex = button === next ? 0 : -1; });
  next.focus();
});

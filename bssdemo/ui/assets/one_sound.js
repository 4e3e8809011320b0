() => {
  // Nothing on the page sounds twice at once: whatever begins to play says so, and what played before stops. The
  // mixers and cards (Web Audio) announce themselves; players of Gradio's are announced here.
  let last = null; // the media element that played last
  const play = HTMLMediaElement.prototype.play;
  document.addEventListener("bss-sounds", ({ detail }) => {
    if (last && last !== detail) last.pause();
  });
  HTMLMediaElement.prototype.play = function () {
    document.dispatchEvent(new CustomEvent("bss-sounds", { detail: this }));
    last = this;
    return play.call(this);
  };
}

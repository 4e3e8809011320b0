// Tiles on canvases: first part of the js_on_load of both boards of the pictures' tab, where `element`,
// `props` and `watch` are in scope. bssdemo/ui/pictures/tiles.py writes what is read here.
const root = element.querySelector(".pic-board");
let asked = 0, drawn = 0; // frames come in order, their pictures may be decoded out of it

function h(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

function say(part, text) { root.querySelector(`[data-part=${part}]`).textContent = text; }

// a square canvas; drawing it is up to `fill`
function tile(number, label) {
  const canvas = document.createElement("canvas");
  canvas.className = "pic-tile";
  canvas.dataset.tile = number;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

async function fill(frame) {
  for (const canvas of root.querySelectorAll("canvas[data-tile]")) {
    const number = Number(canvas.dataset.tile), { size, columns } = frame;
    if (canvas.width !== size) canvas.width = canvas.height = size;
    canvas.getContext("2d").drawImage(frame.strip,
      (number % columns) * size, Math.floor(number / columns) * size, size, size, 0, 0, size, size);
  }
}

// the frame with its strip of pictures decoded; null when a later one has overtaken it
async function next() {
  const turn = ++asked, value = props.value;
  if (!value) {
    drawn = turn;
    return {};
  }
  const cut = value.indexOf("\n"), frame = JSON.parse(value.slice(0, cut));
  frame.strip = new Image();
  frame.strip.src = "data:image/webp;base64," + value.slice(cut + 1);
  await frame.strip.decode();
  if (turn < drawn) return null;
  drawn = turn;
  return frame;
}

function scored(score) {
  return score ? h("output", "pic-score", `${score[0].toFixed(1)} dB`, h("small", "", `SSIM ${score[1].toFixed(2)}`)) : "";
}

function calm() { return matchMedia("(prefers-reduced-motion: reduce)").matches; }

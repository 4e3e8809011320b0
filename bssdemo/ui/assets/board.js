// The live board. Body of gr.HTML's js_on_load: `element`, `props` and `watch` are in scope.
// A value is one frame (bssdemo/ui/frame.py); the DOM is built once per set of sources, then only
// canvases and texts change. Every text from a frame goes through textContent.
const VIRIDIS =
  "44015446075a470d6047136548186a481d6f482374482878472d7b46327e453781443b844240864045883e49893d4e8a" +
  "3a538b38588c365c8d34608d32648e31688e2f6c8e2d708e2c738e2a778e297b8e277f8e26828e24868e238a8d218e8d" +
  "20928c1f968b1f9a8a1f9e891fa18721a58523a98326ad812ab07f2fb47c35b7793bbb7542be714ac16d52c5695ac864" +
  "65cb5e6ece5877d15381d34d8bd64695d840a0da39aadc32b5de2bc0df25cae11fd5e21adfe318eae51af4e61efde725";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CODES = new Uint8Array(128);
[...ALPHABET].forEach((letter, code) => { CODES[letter.charCodeAt(0)] = code; });
const COLOURS = new Uint32Array(64); // little-endian ABGR, as ImageData is laid out
for (let i = 0; i < 64; i++) {
  const [r, g, b] = [0, 2, 4].map((at) => parseInt(VIRIDIS.substr(6 * i + at, 2), 16));
  COLOURS[i] = (255 << 24) | (b << 16) | (g << 8) | r;
}
const STATUS = { searching: "Searching", stopped: "Stopped", done: "Done" };
const root = element.querySelector(".bss-board");
let last = null; // the frame on show
let built = ""; // the sources the DOM was built for
let pending = false; // a redraw is scheduled
let plots = []; // {canvas, draw(frame)}

function h(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

function decode(value) {
  const cut = value.indexOf("\n");
  const frame = JSON.parse(value.slice(0, cut));
  const cells = frame.rows * frame.columns, points = frame.at.length, sources = frame.names.length;
  let at = cut + 1;
  const take = (count) => Uint8Array.from({ length: count }, () => CODES[value.charCodeAt(at++)]);
  const curve = ([low, high]) => Array.from({ length: points }, () => {
    const fine = 64 * CODES[value.charCodeAt(at++)] + CODES[value.charCodeAt(at++)];
    return low + (fine / 4095) * (high - low);
  });
  frame.pictures = Array.from({ length: sources + 2 }, () => take(cells));
  frame.curves = frame.ranges.map((range) => frame.names.map(() => curve(range))); // [term][source]
  frame.totalCurve = curve(frame.totalRange);
  return frame;
}

function short(x) {
  const size = Math.abs(x);
  return size >= 1000 ? x.toFixed(0) : size >= 100 ? x.toFixed(1) : size >= 1 ? x.toFixed(2) : x.toFixed(3);
}

function brief(x) {
  return Math.abs(x) >= 1000 ? `${(x / 1000).toFixed(1)}k` : Math.abs(x) >= 100 ? x.toFixed(0) : short(x).slice(0, x < 0 ? 5 : 4);
}

function symbol(index) {
  return h("span", "bss-symbol", "L", h("sub", "", index));
}

function plot(caption, draw, extra) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  const value = h("output", "bss-value");
  const figure = h("figure", "bss-plot " + extra, h("figcaption", "", ...caption, value), h("div", "bss-area", canvas));
  plots.push({ canvas, value, draw });
  return figure;
}

function picturePlot(title, note, index, name) {
  const small = document.createElement("canvas"); // the raw cells, scaled up when drawn
  const caption = [h("b", "", title)].concat(note ? [h("small", "", note)] : []);
  return plot(caption, (pen, frame, canvas) => {
    const { rows, columns } = frame, levels = frame.pictures[index];
    small.width = columns;
    small.height = rows;
    const image = new ImageData(columns, rows), pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        pixels[(rows - 1 - row) * columns + column] = COLOURS[levels[row * columns + column]];
    small.getContext("2d").putImageData(image, 0, 0);
    const { left, top, width, height } = pen.box(26, 16);
    pen.context.imageSmoothingQuality = "high";
    pen.context.drawImage(small, left, top, width, height);
    for (const [label, position] of props.ticks)
      pen.tick(label, left - 5, top + height * (1 - position), "right", Math.max(top + 5, 0));
    for (let tick = 0; tick <= 4; tick++)
      pen.text(tick === 4 ? "1 s" : String(tick / 4), left + (tick === 4 ? width : (width * tick) / 4 / props.seconds),
        top + height + 10, tick === 4 ? "right" : "center");
    canvas.setAttribute("aria-label",
      `Spectrogram of ${name}, ${props.seconds} seconds, 40 hertz to 8 kilohertz, at step ${frame.step} of ${frame.steps}.`);
  }, "bss-picture");
}

function curvePlot(caption, colour, name, pick) {
  return plot(caption, (pen, frame, canvas, value) => {
    const [curve, [low, high]] = pick(frame);
    const { left, top, width, height } = pen.box(30, 16);
    const span = high - low || 1;
    const x = (step) => left + 1 + ((width - 6) * step) / Math.max(frame.steps, 1);
    const y = (v) => top + 6 + (height - 12) * (1 - (v - low) / span);
    pen.line([[left, top + height], [left + width, top + height]], "--bss-line", 1);
    pen.line([[left, top], [left, top + height]], "--bss-line", 1);
    for (const mark of frame.marks) pen.line([[x(mark), top], [x(mark), top + height]], "--bss-muted", 1, [2, 3]);
    const points = frame.at.map((step, i) => [x(step), y(curve[i])]);
    pen.fill([[points[0][0], top + height], ...points, [points[points.length - 1][0], top + height]], colour);
    pen.line(points, colour, 1.75);
    pen.dot(points[points.length - 1], colour);
    pen.text(brief(high), left - 5, top + 7, "right");
    pen.text(brief(low), left - 5, top + height - 6, "right");
    pen.text("0", left, top + height + 10, "left");
    pen.text(String(frame.steps), left + width - 2, top + height + 10, "right");
    const now = curve[curve.length - 1];
    value.textContent = short(now);
    canvas.setAttribute("aria-label",
      `${name}: ${short(now)} at step ${frame.at[frame.at.length - 1]}, ${short(curve[0])} at the start.`);
  }, "bss-curve");
}

function build(frame) {
  plots = [];
  const top = h("div", "bss-row bss-top",
    picturePlot("Mixture", "", 0, "the mixture"),
    picturePlot("Explained", "sum of the estimates", 1, "the explained mixture"),
    curvePlot([h("b", "", "Objective"), h("small", "", "what the search lowers")], "--bss-ink", "Objective",
      (f) => [f.totalCurve, f.totalRange]));
  const rows = frame.names.map((name, k) => h("div", "bss-row bss-source",
    picturePlot(name, "estimate", k + 2, "the estimate of " + name),
    h("div", "bss-terms", ...props.terms.map(([index, term], t) =>
      curvePlot([h("span", "bss-name", symbol(index), " " + term)], `--bss-term-${t}`, `${term} loss of ${name}`,
        (f) => [f.curves[t][k], f.ranges[t]])))));
  root.querySelector(".bss-rows").replaceChildren(top, ...rows);
  built = frame.names.join("\n");
}

function penFor(canvas, style) {
  const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width || !height) return null;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "10px " + style.fontFamily;
  context.textBaseline = "middle";
  const colour = (name) => style.getPropertyValue(name);
  const path = (points) => {
    context.beginPath();
    points.forEach(([x, y]) => context.lineTo(x, y));
  };
  return {
    context,
    box: (left, bottom) => ({ left, top: 0, width: width - left - 1, height: height - bottom }),
    text(label, x, y, align) {
      context.fillStyle = colour("--bss-muted");
      context.textAlign = align;
      context.fillText(label, x, y);
    },
    tick(label, x, y, align, least) { this.text(label, x, Math.max(y, least), align); },
    line(points, name, thick, dash = []) {
      path(points);
      context.setLineDash(dash);
      context.lineWidth = thick;
      context.lineJoin = "round";
      context.strokeStyle = colour(name);
      context.stroke();
      context.setLineDash([]);
    },
    fill(points, name) {
      path(points);
      context.globalAlpha = 0.12;
      context.fillStyle = colour(name);
      context.fill();
      context.globalAlpha = 1;
    },
    dot([x, y], name) {
      context.beginPath();
      context.arc(x, y, 3, 0, 7);
      context.fillStyle = colour(name);
      context.fill();
    },
  };
}

function paint() {
  pending = false;
  if (!last) return;
  const style = getComputedStyle(root);
  for (const { canvas, value, draw } of plots) {
    const pen = penFor(canvas, style);
    if (pen) draw(pen, last, canvas, value);
  }
}

function schedule() {
  if (pending) return;
  pending = true;
  if (document.hidden) paint();
  else requestAnimationFrame(paint);
}

function words(frame) {
  const say = (part, text) => { root.querySelector(`[data-part=${part}]`).textContent = text; };
  const status = STATUS[frame.status] || "";
  const going = frame.status === "searching";
  say("status", frame.recorded ? (going ? "Recorded run" : "Recorded run, complete") : status);
  say("step", `step ${frame.step} / ${frame.steps}`);
  const left = frame.step ? (frame.seconds / frame.step) * (frame.steps - frame.step) : NaN;
  say("time", `${frame.seconds.toFixed(1)} s` + (going && isFinite(left) ? ` · about ${Math.ceil(left)} s left` : ""));
  root.dataset.status = frame.recorded ? "recorded" : frame.status;
  root.dataset.step = frame.step;
  root.querySelector(".bss-progress > i").style.width = `${(100 * frame.step) / Math.max(frame.steps, 1)}%`;
  frame.weights.forEach((weight, t) => say(`beta-${t}`, weight.toFixed(2)));
  const spoken = frame.recorded ? "Showing a recorded run." : `${status}.`;
  const live = root.querySelector("[data-part=live]");
  if (live.dataset.status !== frame.status + frame.recorded) live.textContent = spoken;
  live.dataset.status = frame.status + frame.recorded;
  root.setAttribute("aria-label",
    `Live board, ${spoken} Step ${frame.step} of ${frame.steps}, objective ${short(frame.totalCurve[frame.totalCurve.length - 1])}.`);
}

function show() {
  if (!props.value) {
    last = null;
    built = "";
    root.dataset.status = "idle";
    root.setAttribute("aria-label", "Live board, nothing to show yet.");
    return;
  }
  const starts = !last;
  last = decode(props.value);
  if (built !== last.names.join("\n")) build(last);
  words(last);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if ((starts || last.step === 0) && root.getBoundingClientRect().top > 0.7 * innerHeight)
    root.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  schedule();
}

watch("value", show);
new ResizeObserver(schedule).observe(root);
new MutationObserver(schedule).observe(document.body, { attributes: true, attributeFilter: ["class"] });
show();

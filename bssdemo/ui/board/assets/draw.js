// How a board's plots are drawn: one part of gr.HTML's js_on_load, after frame.js; a later one defines `root`.
let plots = []; // {canvas, value, draw(pen, frame, canvas, value)}
let last = null; // the frame on show
let pending = false; // a redraw is scheduled

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

function h(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
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

// [second, label, alignment] along a recording: at most six, evenly spaced, the last one with the unit
function secondTicks(duration) {
  const every = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20].find((step) => duration / step < 5.5) || 30;
  const count = Math.floor(duration / every + 1e-6);
  return Array.from({ length: count + 1 }, (_, tick) => {
    const label = String(Number((tick * every).toFixed(2)));
    if (tick < count || count === 0) return [tick * every, label, "center"];
    const edge = duration - tick * every < 0.06 * duration;
    return [edge ? duration : tick * every, label + " s", edge ? "right" : "center"];
  });
}

// `note`, `index` and `name` are functions of the frame; a picture that it does not hold yet is an empty box
function picturePlot(title, note, index, name, sound) {
  const small = document.createElement("canvas"); // the raw cells, scaled up when drawn
  const words = h("small", "");
  const button = h("button", "bss-play");
  const figure = plot([h("b", "", title), words], (pen, frame, canvas) => {
    words.textContent = note(frame);
    button.setAttribute("aria-label", (button.classList.contains("bss-playing") ? "Pause " : "Play ") + name(frame));
    const { rows, columns } = frame, at = index(frame), levels = frame.pictures[at];
    small.width = columns;
    small.height = rows;
    const { left, top, width, height } = pen.box(26, 16);
    if (levels) {
      const image = new ImageData(columns, rows), pixels = new Uint32Array(image.data.buffer);
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++)
          pixels[(rows - 1 - row) * columns + column] = COLOURS[levels[row * columns + column]];
      small.getContext("2d").putImageData(image, 0, 0);
      pen.context.imageSmoothingQuality = "high";
      pen.context.drawImage(small, left, top, width, height);
    } else pen.frame(left, top, width, height);
    for (const [label, position] of TICKS)
      pen.tick(label, left - 5, top + height * (1 - position), "right", Math.max(top + 5, 0));
    for (const [second, label, align] of secondTicks(frame.duration))
      pen.text(label, left + width * Math.min(second / frame.duration, 1), top + height + 10, align);
    canvas.setAttribute("aria-label", levels
      ? `Spectrogram of ${name(frame)}, ${short(frame.duration)} seconds, 40 hertz to 8 kilohertz${frame.steps ? `, at step ${frame.step} of ${frame.steps}` : ""}.`
      : `The spectrogram of ${name(frame)} comes at the end of the run.`);
  }, "bss-picture");
  if (sound !== null) {
    button.type = "button";
    button.dataset.sound = sound;
    figure.querySelector("figcaption").append(button);
    figure.querySelector(".bss-area").append(h("i", "bss-playhead"));
  }
  return figure;
}

function curvePlot(caption, colour, name, pick) {
  return plot(caption, (pen, frame, canvas, value) => {
    const [curve, [low, high], whole] = pick(frame);
    const { left, top, width, height } = pen.box(30, 16);
    const log = low > 0 && high >= WIDE * low; // a term that falls by decades is an L on a linear axis
    const up = log ? (v) => Math.log(v / low) / Math.log(high / low) : (v) => (v - low) / (high - low || 1);
    const x = (step) => left + 1 + ((width - 6) * step) / Math.max(frame.steps, 1);
    const y = (v) => top + 6 + (height - 12) * (1 - up(v));
    pen.line([[left, top + height], [left + width, top + height]], "--bss-line", 1);
    pen.line([[left, top], [left, top + height]], "--bss-line", 1);
    for (const mark of frame.marks) pen.line([[x(mark), top], [x(mark), top + height]], "--bss-muted", 1, [2, 3]);
    if (log)
      for (let ten = 10 ** Math.ceil(Math.log10(low)); ten < high; ten *= 10) {
        pen.line([[left, y(ten)], [left + width, y(ten)]], "--bss-line", 1, [1, 3]);
        if (y(ten) > top + 18 && y(ten) < top + height - 16) pen.text(brief(ten), left - 5, y(ten), "right");
      }
    const points = frame.at.map((step, i) => [x(step), y(curve[i])]);
    pen.fill([[points[0][0], top + height], ...points, [points[points.length - 1][0], top + height]], colour);
    pen.line(points, colour, 1.75);
    pen.dot(points[points.length - 1], colour);
    pen.text(brief(high), left - 5, top + 7, "right");
    pen.text(brief(low), left - 5, top + height - 6, "right");
    pen.text("0", left, top + height + 10, "left");
    pen.text(String(frame.steps), left + width - 2, top + height + 10, "right");
    const now = curve[curve.length - 1];
    const share = whole && whole.every((one) => one * now > 0) ? Math.round((100 * now) / whole.reduce((a, b) => a + b)) : null;
    value.textContent = short(now) + (share === null ? "" : ` · ${share} %`);
    canvas.setAttribute("aria-label",
      `${name}: ${short(now)} at step ${frame.at[frame.at.length - 1]}, ${short(curve[0])} at the start` +
      (share === null ? "." : `; ${share} percent of the term.`));
  }, "bss-curve");
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
    frame(x, y, width, height) {
      context.strokeStyle = colour("--bss-line");
      context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
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

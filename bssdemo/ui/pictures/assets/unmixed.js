// The answer board: mixture, mask, both sources, and the training cycle of Hoshen 2018 (Figure 1), played step by step.
const STEP_SECONDS = 1.5, FLIGHT = 900; // per step; milliseconds of a source on its way into a remix
const bar = "\u0304"; // x with a bar
const STEPS = [
  { title: "Two mixtures", equation: "y₁ = x₁ + b₁,  y₂ = x₂ + b₂", mixtures: ["y₁", "y₂"],
    text: (f) => `y₁ is the one you see, y₂ is ${f.partner}.` },
  { title: "Unmixed", number: "1, 2", equation: "x = y · M(y),  b = y − x",
    tiles: [["M(y₁)", "x₁", "b₁"], ["M(y₂)", "x₂", "b₂"]],
    text: () => "The mask says which share of every value belongs to the first source." },
  { title: "Remixed", number: "3", equation: "z₁ = x₁ + b₂,  z₂ = x₂ + b₁", mixtures: ["z₁", "z₂"],
    text: () => "The second sources change places. If the masks are right, nobody can tell these from mixtures." },
  { title: "Unmixed again", number: "7", equation: `x${bar} = z · M(z),  b${bar} = z − x${bar}`,
    tiles: [["M(z₁)", `x${bar}₁`, `b${bar}₂`], ["M(z₂)", `x${bar}₂`, `b${bar}₁`]],
    text: () => "The same network takes the remixes apart." },
  { title: "And back", number: "8", equation: `y${bar}₁ = x${bar}₁ + b${bar}₁,  y${bar}₂ = x${bar}₂ + b${bar}₂`,
    mixtures: [`y${bar}₁`, `y${bar}₂`],
    text: (f) => `Swapped once more, the first mixtures return; they differ by ${(100 * f.difference).toFixed(1)} % of full brightness.` },
];
let timers = [];

// x with a bar is drawn with a line over it: fonts disagree on where the combining bar goes
function math(text) {
  return text.split(/(.\u0304)/).map((part) => (part[1] === bar ? h("span", "pic-bar", part[0]) : part));
}

function figure(number, name, note, score, className = "") {
  return h("figure", "pic-figure " + className, tile(number, `${name}, ${note}`),
    h("figcaption", "", h("b", "", name), h("small", "", note), scored(score)));
}

function build(frame) {
  const [first, second] = frame.names;
  const result = [
    figure(frame.mixture, "Mixture", "as the network sees it"),
    figure(frame.mask, "Mask", `white: ${first}`),
    ...frame.names.map((name, k) => figure(frame.sources[k], name, "unmixed", frame.scores[k], "pic-source")),
    ...frame.truths.map((number, k) => figure(number, frame.names[k], "true source", null, "pic-truth")),
  ];
  root.querySelector(".pic-result").replaceChildren(...result);
  root.querySelector(".pic-cycle").replaceChildren(...frame.cycle.map((step, at) => column(step, STEPS[at], frame, at)));
  root.classList.toggle("pic-cycled", frame.cycle.length > 0);
  root.classList.toggle("pic-known", frame.truths.length > 0);
}

function column(step, told, frame, at) {
  const labelled = (number, label) => h("span", "pic-labelled", tile(number, label), h("i", "", ...math(label)));
  const rows = [0, 1].map((row) => h("span", "pic-row", ...(step.mixtures
    ? [labelled(step.mixtures[row], told.mixtures[row])]
    : [step.masks[row], ...step.sources[row]].map((number, k) => labelled(number, told.tiles[row][k])))));
  return h("li", step.mixtures ? "pic-step" : "pic-step pic-wide",
    h("b", "", `${at + 1}  ${told.title}`), h("span", "pic-rows", ...rows),
    h("span", "pic-equation", ...told.equation.split(",  ").map((part) => h("span", "", ...math(part))), told.number ? h("small", "", `(${told.number})`) : ""),
    h("span", "pic-text", told.text(frame)));
}

// The sources of `before` fly into the remixes of `after`: first ones straight on, second ones across.
function fly(before, after) {
  const from = [...before.querySelectorAll(".pic-row")].map((row) => row.querySelectorAll("canvas"));
  const to = [...after.querySelectorAll("canvas")];
  const home = root.getBoundingClientRect();
  [0, 1].forEach((row) => [1, 2].forEach((which) => {
    const source = from[row][which], target = to[which === 1 ? row : 1 - row];
    const a = source.getBoundingClientRect(), b = target.getBoundingClientRect();
    const copy = h("canvas", "pic-flight");
    copy.width = source.width;
    copy.height = source.height;
    copy.getContext("2d").drawImage(source, 0, 0);
    Object.assign(copy.style, { left: `${a.left - home.left}px`, top: `${a.top - home.top}px`, width: `${a.width}px`, height: `${a.height}px` });
    root.append(copy);
    copy.animate(
      [{ transform: "none", opacity: 1 }, { transform: `translate(${b.left - a.left}px, ${b.top - a.top}px)`, opacity: 0.55 }],
      { duration: FLIGHT, easing: "ease-in-out" }).finished.finally(() => copy.remove());
  }));
}

function play() {
  timers.forEach(clearTimeout);
  root.querySelectorAll(".pic-flight").forEach((copy) => copy.remove());
  const all = [...root.querySelectorAll(".pic-step")];
  const reveal = (at) => {
    all[at].classList.add("pic-shown");
    root.dataset.step = at + 1;
  };
  root.dataset.step = 0;
  if (calm()) return all.forEach((_, at) => reveal(at));
  all.forEach((step) => step.classList.remove("pic-shown"));
  timers = all.flatMap((step, at) => {
    const due = 1000 * STEP_SECONDS * at, flying = at === 2 || at === 4;
    const shown = setTimeout(reveal, due + (flying ? FLIGHT : 0), at);
    return flying ? [setTimeout(fly, due, all[at - 1], step), shown] : [shown];
  });
}

async function show() {
  const frame = await next(), opened = root.dataset.status === "idle";
  if (!frame) return;
  if (!frame.names) {
    root.dataset.status = "idle";
    return;
  }
  build(frame);
  await fill(frame);
  say("method", frame.method);
  say("title", frame.title);
  say("time", `taken apart in ${frame.milliseconds} ms`);
  const spoken = frame.scores.map(([psnr], k) => `, ${frame.names[k]} to ${psnr.toFixed(1)} decibels`).join("");
  say("live", `${frame.method}: ${frame.title} is unmixed${spoken}.`);
  root.setAttribute("aria-label", `Unmixed picture: ${frame.title}.`);
  Object.assign(root.dataset, { status: "done", milliseconds: frame.milliseconds, title: frame.title });
  play();
  if (!opened && root.getBoundingClientRect().top > 0.7 * innerHeight)
    root.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "start" });
}

root.querySelector(".pic-again").addEventListener("click", play);
watch("value", show);
show();

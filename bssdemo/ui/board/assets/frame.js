// What a frame says: first part of gr.HTML's js_on_load; bssdemo/ui/board/frame.py writes what is read here.
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

function decode(value) {
  const cut = value.indexOf("\n");
  const frame = JSON.parse(value.slice(0, cut));
  const cells = frame.rows * frame.columns, points = frame.at.length, sources = frame.names.length;
  let at = cut + 1;
  const take = (count) => Uint8Array.from({ length: count }, () => CODES[value.charCodeAt(at++)]);
  const logs = frame.logs || []; // runs recorded before have none
  const curve = ([low, high], log) => Array.from({ length: points }, () => {
    const fine = (64 * CODES[value.charCodeAt(at++)] + CODES[value.charCodeAt(at++)]) / 4095;
    return log ? low * (high / low) ** fine : low + fine * (high - low);
  });
  frame.pictures = Array.from({ length: sources ? sources + 2 + frame.residual : 1 }, () => take(cells));
  frame.curves = frame.ranges.map((range, t) => frame.names.map(() => curve(range, logs[t]))); // [term][source]
  frame.totalCurve = curve(frame.totalRange, logs[frame.ranges.length]);
  return frame;
}

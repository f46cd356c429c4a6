/* A classifier in the browser: photographs become its input as when the gallery was built, patches are removed by the
   same mask model, and ONNX Runtime Web answers. Loaded by live.js, used by live-board.js; nothing here touches the page or the network. */
(function () {
  "use strict";
  const bytes = (text) => (Uint8Array.fromBase64 ? Uint8Array.fromBase64(text) : Uint8Array.from(atob(text), (one) => one.charCodeAt(0)));
  async function unpack(...texts) {
    const stream = new Blob(texts.map(bytes)).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }
  /* The parts that packed scripts have left in egParts; they are not kept twice. */
  function joined(names) {
    const texts = names.map((name) => window.egParts[name]);
    for (const name of names) delete window.egParts[name];
    return unpack(...texts);
  }

  /* Pillow's antialiased filters in its own fixed-point arithmetic: the same bytes as when the gallery was built. */
  const FILTERS = {
    bilinear: [1, (x) => Math.max(0, 1 - Math.abs(x))],
    bicubic: [2, (x) => ((x = Math.abs(x)) < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0)],
  };
  const BITS = 22;
  function taps(from, to, name) {
    const [radius, weight] = FILTERS[name];
    const scale = from / to;
    const wide = Math.max(scale, 1);
    return Array.from({ length: to }, (_, i) => {
      const centre = (i + 0.5) * scale;
      const first = Math.max(0, Math.trunc(centre - radius * wide + 0.5));
      const last = Math.min(from, Math.trunc(centre + radius * wide + 0.5));
      const weights = Array.from({ length: last - first }, (_, x) => weight((x + first - centre + 0.5) * (1 / wide)));
      const sum = weights.reduce((a, b) => a + b, 0);
      return { first, weights: Int32Array.from(weights, (w) => Math.trunc((w / sum) * 2 ** BITS + (w < 0 ? -0.5 : 0.5))) };
    });
  }
  /* Resize along one axis: of `lines` lines of samples, each `step` apart, lines `jump` apart. Three channels out. */
  function along(data, kernel, lines, { step, jump }, out, { step: to, jump: leap }) {
    for (let line = 0; line < lines; line++) {
      kernel.forEach(({ first, weights }, i) => {
        for (let channel = 0; channel < 3; channel++) {
          let sum = 1 << (BITS - 1);
          let at = line * jump + first * step + channel;
          for (const weight of weights) {
            sum += data[at] * weight;
            at += step;
          }
          out[line * leap + i * to + channel] = sum >> BITS; // clamped to 0..255 by the array
        }
      });
    }
  }
  function resize({ data, width, height, channels }, toWidth, toHeight, name) {
    const wide = new Uint8ClampedArray(toWidth * height * 3);
    if (width === toWidth) for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) wide[3 * i + c] = data[channels * i + c];
    else along(data, taps(width, toWidth, name), height, { step: channels, jump: channels * width }, wide, { step: 3, jump: 3 * toWidth });
    if (height === toHeight) return wide;
    const done = new Uint8ClampedArray(toWidth * toHeight * 3);
    along(wide, taps(height, toHeight, name), toWidth, { step: 3 * toWidth, jump: 3 }, done, { step: 3 * toWidth, jump: 3 });
    return done;
  }

  /* The window the classifier sees: shorter side resized, centre cropped, black where the photograph is too small. */
  const half = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  function windowOf(photo, prep) {
    const [rows, cols] = prep.size;
    const { width, height } = photo;
    if (prep.resize === null) return resize(photo, cols, rows, prep.interpolation);
    const newHeight = height <= width ? prep.resize : Math.trunc((prep.resize * height) / width);
    const newWidth = width <= height ? prep.resize : Math.trunc((prep.resize * width) / height);
    const start = (full, part) => (part > full ? -Math.floor((part - full) / 2) : half((full - part) / 2));
    const [top, left] = [start(newHeight, rows), start(newWidth, cols)];
    const whole = resize(photo, newWidth, newHeight, prep.interpolation);
    const seen = new Uint8ClampedArray(rows * cols * 3);
    for (let y = Math.max(0, -top); y < rows && y + top < newHeight; y++) {
      const from = Math.max(0, -left);
      const to = Math.min(cols, newWidth - left);
      const begin = 3 * ((y + top) * newWidth + left + from);
      seen.set(whole.subarray(begin, begin + 3 * (to - from)), 3 * (y * cols + from));
    }
    return seen;
  }

  function normalise(pixels, prep) {
    const n = pixels.length / 3;
    const x = new Float32Array(3 * n);
    for (let channel = 0; channel < 3; channel++) {
      const [mean, std] = [Math.fround(prep.mean[channel]), Math.fround(prep.std[channel])];
      const values = Float32Array.from({ length: 256 }, (_, v) => Math.fround(Math.fround(Math.fround(v / 255) - mean) / std));
      for (let i = 0; i < n; i++) x[channel * n + i] = values[pixels[3 * i + channel]];
    }
    return x;
  }

  /* What stands for removed patches: blurred (borders reflected), black, or the mean colour. */
  function baselineOf(x, prep, mask) {
    const [rows, cols] = prep.size;
    const n = rows * cols;
    if (mask.baseline !== "blur") {
      return Float32Array.from(x, (_, i) => (mask.baseline === "mean" ? 0 : -prep.mean[Math.floor(i / n)] / prep.std[Math.floor(i / n)]));
    }
    const [size, sigma] = mask.blur;
    const reach = (size - 1) / 2;
    const kernel = Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
    const sum = kernel.reduce((a, b) => a + b, 0);
    const inside = (i, side) => (i < 0 ? -i : i >= side ? 2 * side - 2 - i : i);
    const pass = (from, length, others, step, jump) => {
      const to = new Float64Array(from.length);
      for (let channel = 0; channel < 3; channel++) {
        for (let other = 0; other < others; other++) {
          const base = channel * n + other * jump;
          for (let i = 0; i < length; i++) {
            let total = 0;
            for (let k = 0; k < size; k++) total += kernel[k] * from[base + inside(i + k - reach, length) * step];
            to[base + i * step] = total / sum;
          }
        }
      }
      return to;
    };
    return Float32Array.from(pass(pass(x, cols, rows, 1, cols), rows, cols, cols, 1));
  }

  /* How much each grid line weighs in each pixel of one side: for every pixel two lines and their shares. */
  function shares(cells, side, mask) {
    return Array.from({ length: side }, (_, i) => {
      if (mask.interpolation === "nearest") return [Math.min(cells - 1, Math.floor(((i + 0.5) * cells) / side)), 0, 1, 0];
      const at = mask.corners ? (side > 1 ? (i * (cells - 1)) / (side - 1) : 0) : Math.max(0, ((i + 0.5) * cells) / side - 0.5);
      const low = Math.min(cells - 1, Math.floor(at));
      return [low, Math.min(cells - 1, low + 1), 1 - (at - low), at - low];
    });
  }
  function keepOf(kept, prep, mask, segments) {
    if (segments) return Float32Array.from(segments, (segment) => (kept.has(segment) ? 1 : 0));
    const [rows, cols] = prep.size;
    const across = shares(mask.cols, cols, mask);
    const keep = new Float32Array(rows * cols);
    shares(mask.rows, rows, mask).forEach(([low, high, near, far], y) => {
      const line = Array.from({ length: mask.cols }, (_, c) => near * kept.has(low * mask.cols + c) + far * kept.has(high * mask.cols + c));
      across.forEach(([left, right, much, rest], x) => (keep[y * cols + x] = much * line[left] + rest * line[right]));
    });
    return keep;
  }

  /* One photograph as the classifier sees it, and with only some of its patches kept. */
  function picture(pixels, { prep, mask }, segments) {
    const image = normalise(pixels, prep);
    const baseline = baselineOf(image, prep, mask);
    const n = pixels.length / 3;
    return {
      pixels,
      image,
      kept(cells) {
        const keep = keepOf(new Set(cells), prep, mask, segments);
        return Float32Array.from(image, (value, i) => {
          const [base, share] = [baseline[i], keep[i % n]];
          return share < 0.5 ? base + share * (value - base) : value - (value - base) * (1 - share);
        });
      },
    };
  }

  /* The runtime is one for all classifiers of a page; one thread, because pages from a folder may not start others. */
  let runtime = null;
  async function start(wasm) {
    const { env } = window.egOnnx;
    env.wasm.numThreads = 1;
    env.wasm.proxy = false;
    env.wasm.wasmBinary = (await joined(wasm)).buffer;
  }
  async function classifier(facts) {
    await (runtime ||= start(facts.files.wasm));
    const { InferenceSession, Tensor } = window.egOnnx;
    const session = await InferenceSession.create(await joined(facts.files.model), { executionProviders: ["wasm"] });
    /* Softmax probabilities of all classes for a normalised input. */
    return async (x) => {
      const answer = await session.run({ image: new Tensor("float32", x, [1, 3, ...facts.prep.size]) });
      const logits = Array.from(answer.logits.data);
      const most = Math.max(...logits);
      const odds = logits.map((one) => Math.exp(one - most));
      const sum = odds.reduce((a, b) => a + b, 0);
      return odds.map((one) => one / sum);
    };
  }

  async function stored(input, facts) {
    const pixels = await unpack(input.pixels);
    const segments = input.segments && new Uint16Array((await unpack(input.segments)).buffer);
    return picture(pixels, facts, segments);
  }
  function own({ data, width, height }, facts) {
    if (Math.max(width, height) > 100 * Math.min(width, height)) throw new Error("one side is more than 100 times the other; crop it.");
    return picture(windowOf({ data, width, height, channels: 4 }, facts.prep), facts, null);
  }
  window.gallery.liveModel = { classifier, stored, own };
})();

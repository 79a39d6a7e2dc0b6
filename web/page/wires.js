// The connections between the neurons, and the pictures of the weights of layer 1.

import {state, eachFrame, lastLayer} from "./state.js";
import {pixelPlace} from "./layout.js";
import {places, shown, placeOf} from "./board.js";
import {subject, marked, asks, stageNow} from "./focus.js";
import {signedPicture, weightScale} from "./picture.js";

const canvas = document.getElementById("wires");
const context = canvas.getContext("2d");
const above = "#6ea8ff";
const below = "#ff7a6e";
const mark = "#fbbf24";
const mostOfEach = 5; // lines of one neuron, so that none looks as if it had no line
const mostOfChosen = 130;

// How a line looks, by its share of the strongest one, 0 to 1.
const leastShare = 0.004; // a weaker one is not drawn
const opacity = share => 0.12 + 0.75 * share;
const dimmed = 0.22; // times the opacity of lines that do not touch the chosen neuron
const thickness = share => 0.5 + 2.5 * share;
const thicknessOfPixels = share => 0.5 + share; // hundreds of lines leave the pixels
const dashes = [5, 4];
const markThickness = 2.5;
const smallestMark = 3; // px, half the side of the frame of a pixel
const penGap = 2; // px between a pixel and the frame of the pen

// Pictures of weights.
const tileOpacity = 0.45; // while the play is elsewhere
const tileFrame = a => `rgba(255, 255, 255, ${0.18 + 0.7 * a})`; // the brighter the neuron, the brighter

// What is asked of a weight, -dC/dw, is drawn on one scale for all of the board and for all digits.
const fullAsk = 0.1;
const fullWish = 1; // of a term of -dC/da, as of the arrows of neurons.js

// connection returns what the line from neuron k to neuron j of layer l stands for: the weight times the activation
// behind it, or -dC/dw. In the stage that says what the neurons of layer l ask of those before, it is their term of
// -dC/da of neuron k: the weight times -dC/dz.
function connection(l, j, k) {
  const {network, reading} = state;
  if (stageNow()?.does === "nudges") return -reading.delta[l][j] * network.weights[l - 1][j][k];
  if (asks()) return -reading.delta[l][j] * reading.activations[l - 1][k];
  return network.weights[l - 1][j][k] * (reading ? reading.activations[l - 1][k] : l > 1 ? 1 : 0);
}

const from = (l, k) => (l === 0 ? pixelPlace(places, k, state.network.cols) : placeOf(l, k));
const sourcesOf = l => (l > 0 ? shown[l] : litPixels());

function litPixels() {
  const a = state.reading?.activations[0];
  const list = [];
  if (a && state.settled) for (let k = 0; k < a.length; k++) if (a[k] > 0) list.push(k);
  return list;
}

// strongest returns the lines into the neurons to of layer l, or from the neurons from before it, the strongest few of
// each; the weakest come first.
function strongest(l, {to = shown[l], from = null, count}) {
  const lines = [];
  for (const one of from ?? to) {
    const all = (from ? to : sourcesOf(l - 1)).map(other => {
      const [j, k] = from ? [other, one] : [one, other];
      const value = connection(l, j, k);
      return {j, k, value, size: Math.abs(value)};
    });
    lines.push(...all.sort((a, b) => b.size - a.size).slice(0, count));
  }
  return lines.sort((a, b) => a.size - b.size);
}

function drawLayer(l, focus, chosen) {
  const only = chosen && focus.l === l;
  const stage = stageNow();
  if (stage && stage.wired !== l) return;
  const back = stage?.does === "nudges"; // the neurons before l are asked, those of l ask
  const lines = strongest(l, {
    ...(only ? {to: [focus.j]} : back ? {from: shown[l - 1]} : {}),
    count: only ? mostOfChosen : mostOfEach,
  });
  const scale = !asks() ? lines.at(-1)?.size : back ? fullWish : fullAsk;
  const outOf = chosen && focus.l === l - 1;
  for (const {j, k, value, size} of lines) {
    const share = Math.min(1, size / scale);
    const dim = chosen && !only && !(outOf && k === focus.j) ? dimmed : 1;
    if (share < leastShare) continue;
    context.strokeStyle = value > 0 ? above : below;
    context.setLineDash(value > 0 ? [] : dashes);
    context.globalAlpha = dim * (asks() ? share : opacity(share));
    context.lineWidth = l === 1 ? thicknessOfPixels(share) : thickness(share);
    draw(from(l - 1, k), placeOf(l, j));
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
}

function draw(a, b) {
  context.beginPath();
  context.moveTo(a.right, a.y);
  context.lineTo(b.left, b.y);
  context.stroke();
}

// drawWire lights the wire of one weight.
function drawWire({l, j, k}) {
  const a = from(l - 1, k);
  const b = placeOf(l, j);
  context.strokeStyle = mark;
  context.lineWidth = markThickness;
  if (a && b) draw(a, b);
}

// drawMark lights the wire between the place that is pointed at and the one that the panel speaks of.
function drawMark(focus, place) {
  context.strokeStyle = mark;
  context.lineWidth = markThickness;
  const [a, b] = place.l < focus.l ? [place, focus] : [focus, place];
  const p = from(a.l, a.j);
  const q = b.l > 0 && placeOf(b.l, b.j);
  if (b.l === a.l + 1 && p && q) draw(p, q);
  for (const {l, j} of [place, focus]) {
    if (l > 0) continue;
    const {x, y, r} = from(0, j);
    const half = Math.max(r, smallestMark);
    context.strokeRect(x - half, y - half, 2 * half, 2 * half);
  }
}

// drawTiles draws the picture of weights beside each neuron of layer 1; in Why the change that is asked of them, above
// their sizes in grey.
function drawTiles() {
  const {network, reading} = state;
  const scale = weightScale();
  const stage = stageNow();
  places.columns[1].places.forEach(({tile}, i) => {
    const j = shown[1][i];
    const weights = network.weights[0][j];
    const asking = asks() && (!stage || stage.does === "weights");
    context.globalAlpha = !stage || stage.l <= 1 ? 1 : tileOpacity;
    context.drawImage(
      asking
        ? signedPicture(
            k => connection(1, j, k),
            fullAsk,
            k => Math.min(1, Math.abs(weights[k]) / scale),
          )
        : signedPicture(k => weights[k], scale),
      tile.x,
      tile.y,
      tile.size,
      tile.size,
    );
    context.strokeStyle = tileFrame(reading?.activations[1][j] ?? 0);
    context.lineWidth = 1;
    context.strokeRect(tile.x - 0.5, tile.y - 0.5, tile.size + 1, tile.size + 1);
  });
  context.globalAlpha = 1;
}

function drawPen() {
  const {pen} = state;
  if (!pen.used) return;
  const {x, y, r} = pixelPlace(places, pen.row * state.network.cols + pen.column, state.network.cols);
  context.strokeStyle = pen.down ? mark : "#aaa";
  context.lineWidth = markThickness;
  const half = r + penGap;
  context.strokeRect(x - half, y - half, 2 * half, 2 * half);
}

// What the wires show follows from these; when they are as they were, nothing is drawn.
function shows() {
  const {network, reading, size, view, stage, pinned, pointed, said, settled, pen, sheet} = state;
  return [network, reading, size, view, stage, pinned, pointed, said, settled, pen, sheet.id, places, devicePixelRatio];
}
let drawn = [];

eachFrame(() => {
  const {network, size} = state;
  const now = shows();
  if (!network || !places || now.every((x, i) => x === drawn[i])) return;
  drawn = now;
  const ratio = devicePixelRatio;
  const width = Math.round(size.width * ratio);
  const height = Math.round(size.height * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  context.imageSmoothingEnabled = false;
  const focus = subject();
  const place = marked();
  const pointedAt = state.pointed?.from === "board" && state.pointed.l > 0;
  for (let l = 1; l <= lastLayer(); l++) drawLayer(l, focus, Boolean(state.pinned || pointedAt));
  drawTiles();
  if (state.pointed?.k >= 0) drawWire(state.pointed);
  else if (focus && (place || focus.l === 0)) drawMark(focus, place ?? focus);
  drawPen();
});

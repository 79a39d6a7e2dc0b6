// The connections between the neurons, and the pictures of the weights of layer 1.

import {state, eachFrame, lastLayer} from "./state.js";
import {pixelPlace} from "./layout.js";
import {places, shown, placeOf} from "./board.js";
import {subject, marked, openWeight, asks, stageNow} from "./focus.js";
import {showsSeen} from "./paper.js";
import {signedPicture, weightScale} from "./picture.js";

const canvas = document.getElementById("wires");
const context = canvas.getContext("2d");
const above = "#6ea8ff";
const below = "#ff7a6e";
const mark = "#fbbf24";
const mostOfEach = 5; // lines of one neuron, so that none looks as if it had no line
const mostOfChosen = 130;

// How a line looks, by its share of a full one, 0 to 1.
const leastShare = 0.004; // a weaker one is not drawn
const opacity = share => 0.9 * Math.sqrt(share);
const dimmed = 0.22; // times the opacity of lines that do not touch the chosen neuron
const thickness = share => 0.5 + 2.5 * share;
const thicknessOfPixels = share => 0.5 + share; // many lines leave the pixels
const dashes = [5, 4];
const markThickness = 2.5;
const smallestMark = 3; // px, half the side of the frame of a pixel
const tileOpacity = 0.45; // of a picture of weights while the play is elsewhere

// What is asked is drawn on one scale for all digits: a digit that is read well has faint lines.
const fullAsk = 0.3; // of a weight, -dC/dw
const fullWish = 1; // of a term of -dC/da, as of the arrows of neurons.js

const backward = () => stageNow()?.does === "nudges";

// connection returns what the line from neuron k to neuron j of layer l stands for. Read: w_jk a_k. Why: -dC/dw_jk =
// -delta_j a_k; in the stage nudges -delta_j w_jk, a term of -dC/da_k.
export function connection(l, j, k) {
  const {network, reading} = state;
  const a = reading ? reading.activations[l - 1][k] : l > 1 ? 1 : 0;
  if (!asks()) return network.weights[l - 1][j][k] * a;
  return -reading.delta[l][j] * (backward() ? network.weights[l - 1][j][k] : a);
}

const from = (l, k) => (l === 0 ? pixelPlace(places, k, state.setup.cols) : placeOf(l, k));

function litPixels() {
  const list = [];
  if (showsSeen()) state.reading.activations[0].forEach((a, k) => a > 0 && list.push(k));
  return list;
}

// strongest returns the strongest few lines of each neuron of layer l; on the way back, of each neuron that is asked.
function strongest(l, focus) {
  const back = backward();
  const sources = l > 1 ? shown[l - 1] : litPixels();
  const lines = [];
  const add = (all, count) => lines.push(...all.sort((a, b) => b.size - a.size).slice(0, count));
  const line = (j, k) => {
    const value = connection(l, j, k);
    return {j, k, value, size: Math.abs(value)};
  };
  if (focus?.l === l && !back) add(sources.map(k => line(focus.j, k)), mostOfChosen);
  else if (!back) for (const j of shown[l]) add(sources.map(k => line(j, k)), mostOfEach);
  else
    for (const k of sources) {
      const chosen = focus?.l === l - 1 && focus.j === k;
      add(shown[l].map(j => line(j, k)), chosen ? mostOfChosen : mostOfEach);
    }
  return lines.sort((a, b) => a.size - b.size);
}

// fullLine returns what a full line stands for. In Read one scale is for all lines of the digit on the board.
function fullLine() {
  if (asks()) return backward() ? fullWish : fullAsk;
  let largest = 0;
  state.network.weights.forEach((rows, l) =>
    rows.forEach((row, j) => row.forEach((_, k) => (largest = Math.max(largest, Math.abs(connection(l + 1, j, k)))))),
  );
  return largest;
}

function drawLayer(l, focus, full) {
  const stage = stageNow();
  if (stage && stage.wired !== l) return;
  for (const {j, k, value, size} of strongest(l, focus)) {
    const share = Math.min(1, size / full);
    const touches = !focus || (focus.l === l && focus.j === j) || (focus.l === l - 1 && focus.j === k);
    if (share < leastShare) continue;
    context.strokeStyle = value > 0 ? above : below;
    context.setLineDash(value > 0 ? [] : dashes);
    context.globalAlpha = (touches ? 1 : dimmed) * opacity(share);
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

// drawMark lights what a row names: the wire between its neuron or pixel and the neuron that the panel speaks of, or
// the wire of its weight, and the pixel.
function drawMark(focus, place) {
  const isWeight = place.k >= 0;
  const [a, b] = isWeight ? [{l: place.l - 1, j: place.k}, place] : place.l < focus.l ? [place, focus] : [focus, place];
  const p = from(a.l, a.j);
  const q = placeOf(b.l, b.j);
  context.strokeStyle = mark;
  context.lineWidth = markThickness;
  if (b.l === a.l + 1 && p && q) draw(p, q);
  if (a.l > 0) return;
  const half = Math.max(p.r, smallestMark);
  context.strokeRect(p.x - half, p.y - half, 2 * half, 2 * half);
}

// drawTiles draws the picture of weights beside each neuron of layer 1; when the play is at them, the change that is
// asked of them.
function drawTiles() {
  const {network} = state;
  const stage = stageNow();
  const asked = stage?.does === "weights" && stage.l === 1;
  const scale = weightScale();
  places.columns[1].places.forEach(({tile}, i) => {
    const j = shown[1][i];
    const weights = network.weights[0][j];
    context.globalAlpha = !stage || stage.l <= 1 ? 1 : tileOpacity;
    context.drawImage(
      asked ? signedPicture(k => connection(1, j, k), fullAsk) : signedPicture(k => weights[k], scale),
      tile.x, tile.y, tile.size, tile.size,
    );
    context.strokeStyle = "#4a505c";
    context.lineWidth = 1;
    context.strokeRect(tile.x - 0.5, tile.y - 0.5, tile.size + 1, tile.size + 1);
  });
  context.globalAlpha = 1;
}

// What the wires show follows from these; when they are as they were, nothing is drawn.
function shows() {
  const {network, reading, size, view, stage, pinned, pointed, open} = state;
  return [network, reading, size, view, stage, pinned, pointed, open, places, showsSeen(), devicePixelRatio];
}
let drawn = [];

eachFrame(() => {
  const {network, size, pinned, pointed} = state;
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
  const chosen = pinned || pointed?.from === "board" ? focus : null;
  const full = fullLine();
  for (let l = 1; l <= lastLayer(); l++) drawLayer(l, chosen, full);
  drawTiles();
  const place = pointed?.k >= 0 ? pointed : (marked() ?? openWeight());
  if (focus && place && (place.l !== focus.l || place.k >= 0)) drawMark(focus, place);
});

// The board: neurons, names of layers, paper and desk in their places. The wires are in wires.js.

import {state, change, eachFrame, lastLayer, nameOfLabel, label} from "./state.js";
import {layout, brightest} from "./layout.js";
import {subject, marked, same, asks, stageNow, pointAt, pin} from "./focus.js";
import {fixed, number, whole} from "./numbers.js";
import {make, put} from "./dom.js";

const $ = id => document.getElementById(id);
const svg = $("neurons");

// places is where everything stands now; shown[l] lists the neurons of layer l that have a place.
export let places = null;
export let shown = [];
let elements = []; // elements[l][i]: the parts of the neuron at place i of layer l

// placeOf returns the place of neuron j of layer l, or undefined if it is not shown.
export const placeOf = (l, j) => places.columns[l].places[shown[l].indexOf(j)];

let built = "";
export function arrange() {
  const {network, size, reading, view} = state;
  if (!network || !size.width) return false;
  const key = [network.layers, network.rows, network.cols, size.width, size.height, view === "why"].join();
  if (key !== built) {
    built = key;
    places = layout(network, size, view === "why");
    build();
  }
  shown = network.layers.map((count, l) => {
    if (l === 0) return [];
    const keep = state.pinned?.l === l ? state.pinned.j : view === "why" && l === lastLayer() ? label() : null;
    return brightest(reading?.activations[l] ?? new Array(count).fill(0), places.columns[l].shown, keep);
  });
  return true;
}

const put4 = (element, {x, y, width, height}) =>
  Object.assign(element.style, {left: x + "px", top: y + "px", width: width + "px", ...height && {height: height + "px"}});

function build() {
  const {rows, cols} = state.network, {paper, said, tools, columns, bottom, narrow} = places;
  put4($("paper"), {x: paper.x, y: paper.y, width: cols * paper.pixel, height: rows * paper.pixel});
  put4($("said"), said);
  $("tools").classList.toggle("inRow", !tools);
  if (tools) put4($("tools"), {...tools, y: tools.y + $("stage").offsetTop});
  $("board").classList.toggle("beside", places.beside);
  $("board").classList.toggle("narrow", narrow);
  elements = columns.map((column, l) => column ? column.places.map(place => neuron(column, place, l)) : []);
  const parts = elements.flat().map(e => e.g);
  columns.forEach((column, l) => {
    if (column && column.shown < column.count) {
      const {x} = column.places[0], y = column.places.at(-1).y + column.step;
      parts.push(make("text", {x, y: y + 4, "text-anchor": "middle"}, `+ ${whole(column.count - column.shown)} less bright`));
    }
    if (l === state.network.layers.length - 1 && state.view === "why" && !narrow) parts.push(...headings(column.places[0]));
    const x = l === 0 ? paper.x + paper.size / 2 : column.places[0].x;
    parts.push(make("text", {x, y: l === 0 ? paper.y - 8 : bottom, "text-anchor": "middle", class: "name"}, nameOfLayer(l)));
  });
  put(svg, parts);
}

const roomForNames = 110, roomForWords = 52; // px from column to column

// headings name the numbers beside the outputs in Why.
const headings = ({x, y, r}) => [[8, "a"], [places.numbers.y, "y"], [places.numbers.bar, "(a − y)²"]].map(([dx, text]) =>
  make("text", {x: x + r + dx, y: y - Math.max(r, 8) - 4, class: "heading"}, text));

function nameOfLayer(l) {
  const {layers} = state.network, name = l === 0 ? "pixels" : l === layers.length - 1 ? "outputs" : "";
  if (places.distance < roomForWords && l > 1) return name || String(l);
  if (places.distance < roomForNames) return name || `layer ${l}`;
  return name ? `${whole(layers[l])} ${name}` : `layer ${l}: ${whole(layers[l])}`;
}

function neuron({label: room}, {x, y, r, hit}, l) {
  const g = make("g", {class: "neuron", "data-layer": l}), {narrow} = places, isOutput = room > 0;
  const e = {g, box: make("rect", {...hit, rx: 4, class: "hit"}), circle: make("circle", {cx: x, cy: y, r}),
    name: make("text", {x, y: y + 4, "text-anchor": "middle", class: "index"}),
    value: make("text", {x: x + r + (narrow ? 3 : 8), y: y + 4, class: isOutput ? "output" : "value"}),
    wish: make("path", {class: "wish"})};
  g.append(e.box, e.circle, e.wish, e.name, e.value);
  if (r < 8) Object.assign(e, {outside: true}) && e.name.setAttribute("x", x + r + 7);
  const {y: errorAt, bar, below, thick} = places.numbers;
  if (isOutput && bar) {
    e.error = make("text", {x: x + r + (errorAt ?? 0), y: y + 4, class: "error"});
    e.bar = make("rect", {x: x + r + bar, y: y + below, height: thick, rx: Math.min(2, thick / 2), width: 0, class: "bar"});
    g.append(e.error, e.bar);
  }
  g.onpointerenter = event => { if (event.pointerType === "mouse") pointAt({l, j: e.j}, "board"); };
  g.onpointerleave = () => { if (same(state.pointed, {l, j: e.j})) pointAt(null); };
  g.onclick = () => pin({l, j: e.j});
  return e;
}

// showNeurons makes each neuron as bright as its activation.
function showNeurons() {
  const {reading} = state, focus = subject(), mark = marked(), stage = stageNow(), last = lastLayer(), asking = asks();
  elements.forEach((layer, l) => layer.forEach((e, i) => {
    const j = shown[l][i], lit = !stage || l <= stage.lit, a = lit ? reading?.activations[l][j] : undefined;
    e.j = j;
    Object.assign(e.g.dataset, {neuron: j});
    note(e.g, "activation", reading?.activations[l][j]);
    note(e.g, "z", reading?.z?.[l]?.[j]);
    note(e.g, "dcda", reading?.dCda?.[l]?.[j]);
    note(e.g, "delta", reading?.delta?.[l]?.[j]);
    e.circle.style.fill = `color-mix(in oklab, #fff ${(100 * (a ?? 0)).toFixed(1)}%, #0b0d10)`;
    e.name.textContent = l === last ? nameOfLabel(j) : j;
    e.name.classList.toggle("onBright", !e.outside && a > .5);
    e.g.classList.toggle("chosen", same(focus, {l, j}));
    e.g.classList.toggle("pinned", same(state.pinned, {l, j}));
    e.g.classList.toggle("marked", same(mark, {l, j}));
    e.g.classList.toggle("dim", Boolean(stage) && stage.l !== l && !(stage.wired === l));
    e.g.classList.toggle("answered", l === last && lit && j === reading?.digit);
    e.g.classList.toggle("wanted", l === last && asking && j === label());
    showValue(e, l, j, a, stage, last);
    showWish(e, l, j, asking && (!stage || wished(stage, l)));
    if (e.error) showError(e, j, asking && (!stage || stage.asks));
  }));
}

// wished reports whether a stage of the way back has come to layer l.
const wished = (stage, l) => stage.does !== "cost" && l >= stage.l;

function showValue(e, l, j, a, stage, last) {
  const z = stage?.does === "sums" && stage.l === l ? state.reading?.z?.[l]?.[j] : undefined;
  if (l === last) e.value.textContent = z !== undefined ? "z " + shortened(z) : a === undefined ? "" : places.narrow ? fixed(a, 2) : fixed(a, 4);
  else if (!places.narrow && !e.outside && stage?.l === l && !stage.asks) e.value.textContent = z !== undefined ? shortened(z) : a === undefined ? "" : fixed(a, 2);
  else e.value.textContent = "";
}
const shortened = z => number(z).slice(0, places.narrow ? 5 : 6);

// showWish puts an arrow at a neuron: which way it should move, the larger the more. The scale is the same for all.
const fullWish = 1; // of -dC/da, for the largest arrow
const leastWish = .004;
function showWish(e, l, j, shows) {
  const wish = shows ? -state.reading.dCda[l][j] : 0, {x, y, r} = places.columns[l].places[shown[l].indexOf(j)];
  const share = Math.min(1, Math.abs(wish) / fullWish);
  if (share < leastWish) return e.wish.removeAttribute("d");
  const h = (places.narrow ? 2.5 : 3) + Math.min(r * .7, 10) * share, up = wish > 0 ? -1 : 1, cx = x - r - h * .7 - 2;
  e.wish.setAttribute("d", `M${cx} ${y + up * h}L${cx - h * .6} ${y - up * h * .3}H${cx + h * .6}Z`);
  e.wish.classList.toggle("down", wish < 0);
}

// showError writes what an output should be and the square of its distance, as a bar.
function showError(e, j, shows) {
  const a = state.reading?.activations.at(-1)[j], y = j === label() ? 1 : 0;
  e.error.textContent = shows && places.numbers.y ? y : "";
  const square = shows ? (a - y) ** 2 : 0;
  e.bar.setAttribute("width", shows ? Math.max(.5, places.numbers.widest * square) : 0);
  note(e.g, "square", shows ? square : undefined);
}

// note keeps the exact number with its element.
function note(element, name, value) {
  if (value === undefined || value === null) delete element.dataset[name]; else element.dataset[name] = value;
}

eachFrame(() => { if (arrange()) showNeurons(); });

new ResizeObserver(([{contentRect: {width, height}}]) => change({size: {width, height}})).observe($("stage"));

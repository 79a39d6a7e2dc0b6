// The board: neurons, names of layers, paper and desk are put in their places. What they show is in neurons.js and
// wires.js.

import {state, change, eachFrame, lastLayer, label} from "./state.js";
import {layout, brightest} from "./layout.js";
import {same, pointAt, pin} from "./focus.js";
import {whole} from "./numbers.js";
import {make, put} from "./dom.js";

const $ = id => document.getElementById(id);
const svg = $("neurons");

// places is where everything stands now; shown[l] lists the neurons of layer l that have a place.
export let places = null;
export let shown = [];
export let elements = []; // elements[l][i] has the parts of the neuron at place i of layer l

// placeOf returns the place of neuron j of layer l, or undefined if it is not shown.
export const placeOf = (l, j) => places.columns[l].places[shown[l].indexOf(j)];

let built = "";
function arrange() {
  const {network, size, reading, view} = state;
  if (!network || !size.width) return;
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
}

const moveTo = (element, {x, y, width, height}) =>
  Object.assign(element.style, {
    left: x + "px",
    top: y + "px",
    width: width + "px",
    ...(height && {height: height + "px"}),
  });

function build() {
  const {rows, cols} = state.network;
  const {paper, said, tools, columns, bottom, narrow} = places;
  moveTo($("paper"), {x: paper.x, y: paper.y, width: cols * paper.pixel, height: rows * paper.pixel});
  moveTo($("said"), said);
  $("tools").classList.toggle("inRow", !tools);
  $("tools").style.cssText = "";
  if (tools) moveTo($("tools"), {...tools, y: tools.y + $("stage").offsetTop});
  $("board").classList.toggle("beside", !tools && !narrow);
  $("board").classList.toggle("narrow", narrow);
  elements = columns.map((column, l) => (column ? column.places.map(place => neuron(column, place, l)) : []));
  const all = elements.flat().map(parts => parts.group);
  columns.forEach((column, l) => {
    if (column && column.shown < column.count) {
      const {x} = column.places[0];
      const y = column.places.at(-1).y + column.step;
      const more = `+ ${whole(column.count - column.shown)} less bright`;
      all.push(make("text", {x, y: y + baseline, "text-anchor": "middle"}, more));
    }
    if (l === lastLayer() && places.numbers.y && column.places[0].y > roomAbove + column.places[0].r)
      all.push(...headings(column.places[0]));
    const x = l === 0 ? paper.x + (cols * paper.pixel) / 2 : column.places[0].x;
    all.push(
      make(
        "text",
        {x, y: l === 0 && paper.y > roomAbove ? paper.y - textGap : bottom, "text-anchor": "middle", class: "name"},
        nameOfLayer(l),
      ),
    );
  });
  put(svg, all);
}

// Texts, in px.
const roomAbove = 20; // of the paper, for its name
const roomForNames = 110; // from column to column
const roomForWords = 52;
const baseline = 4; // below the middle of a letter
const textGap = 8; // from a circle or the paper
const textGapNarrow = 3;
const besideSmall = 7; // from a small neuron to the middle of its number
const smallForNumber = 8; // a smaller neuron has its number beside it

// headings name the numbers beside the outputs in Why.
const headings = ({x, y, r}) =>
  [
    [textGap, "a"],
    [places.numbers.y, "y"],
    [places.numbers.bar, "(a − y)²"],
  ].map(([dx, text]) => {
    const above = Math.max(r, smallForNumber) + baseline;
    return make("text", {x: x + r + dx, y: y - above, class: "heading"}, text);
  });

function nameOfLayer(l) {
  const {layers} = state.network;
  const name = l === 0 ? "pixels: draw here" : l === layers.length - 1 ? "outputs" : "";
  if (places.distance < roomForWords && l > 1) return name || String(l);
  if (places.distance < roomForNames) return name || `layer ${l}`;
  return name ? `${whole(layers[l])} ${name}` : `layer ${l}: ${whole(layers[l])}`;
}

// neuron returns the parts of a neuron at a place. Which one it is may change: parts.j is set when it is shown.
function neuron({label: room}, {x, y, r, hit}, l) {
  const group = make("g", {class: "neuron", "data-layer": l});
  const outside = r < smallForNumber;
  const isOutput = room > 0;
  const gap = places.narrow ? textGapNarrow : textGap;
  const nameAt = outside ? x + r + besideSmall : x;
  const parts = {
    group,
    outside,
    circle: make("circle", {cx: x, cy: y, r}),
    name: make("text", {x: nameAt, y: y + baseline, "text-anchor": "middle", class: "index"}),
    value: make("text", {x: x + r + gap, y: y + baseline, class: isOutput ? "output" : "value"}),
    wish: make("path", {class: "wish"}),
    ...(isOutput && places.numbers.bar && errorParts(x + r, y)),
  };
  const {circle, wish, name, value, error, bar} = parts;
  group.append(make("rect", {...hit, rx: 4, class: "hit"}), circle, wish, name, value, ...(bar ? [error, bar] : []));
  group.onpointerenter = event => {
    if (event.pointerType === "mouse") pointAt({l, j: parts.j}, "board");
  };
  group.onpointerleave = () => {
    if (same(state.pointed, {l, j: parts.j})) pointAt(null);
  };
  group.onclick = () => pin({l, j: parts.j});
  return parts;
}

// errorParts returns what stands right of an output in Why.
function errorParts(right, y) {
  const {y: errorAt, bar, below, thick} = places.numbers;
  return {
    error: make("text", {x: right + (errorAt ?? 0), y: y + baseline, class: "error"}),
    bar: make("rect", {x: right + bar, y: y + below, height: thick, rx: thick / 5, width: 0, class: "bar"}),
  };
}

eachFrame(arrange);

new ResizeObserver(([{contentRect}]) => {
  change({size: {width: contentRect.width, height: contentRect.height}});
}).observe($("stage"));

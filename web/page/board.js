// The board: neurons, names of layers and the paper are put in their places. What they show is in neurons.js and
// wires.js.

import {state, change, eachFrame, label, lastLayer} from "./state.js";
import {layout, brightest} from "./layout.js";
import {same, pointAt, pin} from "./focus.js";
import {whole} from "./numbers.js";
import {make, put} from "./dom.js";

const $ = id => document.getElementById(id);

// places is where everything stands now; shown[l] lists the neurons of layer l that have a place.
export let places = null;
export let shown = [];
export let elements = []; // elements[l][i] has the parts of the neuron at place i of layer l

// placeOf returns the place of neuron j of layer l, or undefined if it is not shown.
export const placeOf = (l, j) => places.columns[l].places[shown[l].indexOf(j)];

let built = "";
eachFrame(() => {
  const {network, setup, size, reading, view, pinned} = state;
  if (!network || !size.width) return;
  const asks = view === "why";
  const key = [network.layers, size.width, size.height, asks].join();
  if (key !== built) {
    built = key;
    places = layout(network.layers, setup, size, asks);
    build();
  }
  shown = network.layers.map((count, l) => {
    if (l === 0) return [];
    const keep = pinned?.l === l ? pinned.j : asks && l === lastLayer() ? label() : null;
    return brightest(reading?.activations[l] ?? new Array(count).fill(0), places.columns[l].shown, keep);
  });
});

// Texts, in px.
const roomForNames = 110; // from column to column
const baseline = 4; // below the middle of a letter
const textGap = 8; // from a circle or the paper
const besideSmall = 7; // from a small neuron to the middle of its number
const smallForNumber = 8; // a smaller neuron has its number beside it

function build() {
  const {rows, cols} = state.setup;
  const {paper, columns, bottom} = places;
  Object.assign($("paper").style, {
    left: paper.x + "px",
    top: paper.y + "px",
    width: cols * paper.pixel + "px",
    height: rows * paper.pixel + "px",
  });
  elements = columns.map((column, l) => (column ? column.places.map(place => neuron(column, place, l)) : []));
  const all = elements.flat().map(parts => parts.group);
  const text = (x, y, words, name) => all.push(make("text", {x, y, "text-anchor": "middle", class: name}, words));
  columns.forEach((column, l) => {
    if (!column) return text(paper.x + (cols * paper.pixel) / 2, paper.y - textGap, nameOfLayer(0), "name");
    const {x} = column.places[0];
    text(x, bottom, nameOfLayer(l), "name");
    if (column.shown < column.count)
      text(x, column.places.at(-1).y + column.step + baseline, `+ ${whole(column.count - column.shown)} less bright`);
    if (l === lastLayer() && places.numbers.y) all.push(...headings(column.places[0]));
  });
  put($("neurons"), all);
}

// headings name the numbers beside the outputs in Why.
const headings = ({x, y, r}) =>
  [
    [textGap, "a"],
    [places.numbers.y, "y"],
    [places.numbers.bar, "(a − y)²"],
  ].map(([dx, text]) =>
    make("text", {x: x + r + dx, y: y - Math.max(r, smallForNumber) - baseline, class: "heading"}, text),
  );

function nameOfLayer(l) {
  const {layers} = state.network;
  const name = l === 0 ? "pixels: draw here" : l === layers.length - 1 ? "outputs" : "";
  if (places.distance < roomForNames && l > 0) return name || `layer ${l}`;
  return name ? `${whole(layers[l])} ${name}` : `layer ${l}: ${whole(layers[l])}`;
}

// neuron returns the parts of a neuron at a place. Which one it is may change: parts.j is set when it is shown.
function neuron({label: room}, {x, y, r, hit}, l) {
  const group = make("g", {class: "neuron", "data-layer": l});
  const outside = r < smallForNumber;
  const nameAt = outside ? x + r + besideSmall : x;
  const parts = {
    group,
    outside,
    circle: make("circle", {cx: x, cy: y, r}),
    name: make("text", {x: nameAt, y: y + baseline, "text-anchor": "middle", class: "index"}),
    value: make("text", {x: x + r + textGap, y: y + baseline, class: room > 0 ? "output" : "value"}),
    wish: make("path", {class: "wish"}),
    ...(room > 0 && places.numbers.bar && errorParts(x + r, y)),
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
    error: make("text", {x: right + errorAt, y: y + baseline, class: "error"}),
    bar: make("rect", {x: right + bar, y: y + below, height: thick, rx: thick / 5, width: 0, class: "bar"}),
  };
}

new ResizeObserver(([{contentRect}]) => {
  change({size: {width: contentRect.width, height: contentRect.height}});
}).observe($("stage"));

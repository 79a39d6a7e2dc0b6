// Why, chapters 3 and 4: the cost of the digit, and what is asked of a neuron.

import {state, change, eachFrame, isEmpty, label, lastLayer, learning, nameOfLabel} from "./state.js";
import {subject, nameOf, shortName} from "./focus.js";
import {fill, largest, bySize} from "./panel.js";
import {number} from "./numbers.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);
const mostTerms = 5;
const mostOfAvenue = 3;
const calm = 0.01; // a cost below it asks for next to nothing
$("asksMore").onclick = () => $("mistake").click();
$("label").onchange = () => change({said: +$("label").value, taken: null});

eachFrame(() => {
  if (state.view !== "why" || !state.network) return;
  const {reading} = state;
  const ready = Boolean(reading?.delta);
  const focus = subject();
  showLabel();
  write(
    "costOfOne",
    ready
      ? `Cost of this digit: C = Σ (a − y)² = ${number(reading.cost)}`
      : isEmpty()
        ? "Draw a digit or take a test digit."
        : label() === null
          ? "Choose what it should be: the cost compares the outputs with that."
          : "",
  );
  $("calm").hidden = !ready || reading.cost >= calm;
  if (ready) $("costOfOne").dataset.cost = reading.cost;
  showStack(ready);
  for (const id of ["stepBox", "weightBox"]) $(id).hidden = !ready || learning();
  write(
    "whyHelp",
    learning()
      ? (state.network.rounded ? "While so large a network learns, its weights are rounded to three places. " : "") +
          "Pause to turn a weight and to measure slopes."
      : "",
  );
  const neuron = ready && focus?.l > 0 ? focus : null;
  write(
    "askedName",
    neuron
      ? nameOf(neuron) + asked(-reading.dCda[neuron.l][neuron.j])
      : "What is asked of a neuron",
  );
  fill(
    $("asked"),
    neuron?.l === lastLayer() ? ["−dC/da comes from", "value"] : ["−dC/da comes from", "w", "× −dC/dz", "= ask"],
    neuron ? askedOf(neuron) : [],
  );
  fill($("avenues"), ["So it asks", "a or w", "× −dC/dz"], neuron ? avenuesOf(neuron) : []);
});

// asked says in words that fit its size which way a neuron should move.
const nextToNothing = 0.02; // of -dC/da
const little = 0.2;
function asked(change) {
  const size = Math.abs(change);
  if (size < nextToNothing) return ": next to nothing is asked";
  return (change > 0 ? " should rise" : " should fall") + (size < little ? " a little" : "");
}

function showLabel() {
  const select = $("label");
  const classes = state.network.layers.at(-1);
  if (select.length !== classes + 1)
    put(
      select,
      [
        make("option", {value: "", disabled: "", hidden: ""}, "choose"),
        ...Array.from({length: classes}, (_, j) => make("option", {value: j}, nameOfLabel(j))),
      ],
    );
  select.disabled = isEmpty();
  select.value = label() ?? "";
}

// showStack stacks the squares (a - y)^2 of the outputs to the cost. A full bar is a cost of 2: one output wrong and
// another one missing.
const fullCost = 2;
const widthOfName = 16; // px; a narrower part of the bar has no room for one
function showStack(ready) {
  const svg = $("stack");
  const width = svg.clientWidth;
  const height = svg.clientHeight;
  svg.toggleAttribute("hidden", !ready);
  if (!ready || !width) return;
  const a = state.reading.activations.at(-1);
  const squares = a.map((x, j) => (x - (j === label() ? 1 : 0)) ** 2);
  const scale = width / Math.max(fullCost, state.reading.cost);
  const parts = [make("rect", {class: "ground", x: 0, y: 0, width, height})];
  let x = 0;
  squares.forEach((square, j) => {
    const wide = square * scale;
    parts.push(make("rect", {x, y: 0, width: Math.max(0, wide - 1), height, class: j === label() ? "above" : "below"}));
    if (wide > widthOfName)
      parts.push(make("text", {x: x + wide / 2, y: height / 2 + 4, "text-anchor": "middle"}, nameOfLabel(j)));
    x += wide;
  });
  put(svg, parts);
  svg.setAttribute(
    "aria-label",
    "The squares of the outputs, stacked to the cost: " +
      squares.map((square, j) => `${nameOfLabel(j)} ${number(square)}`).join(", "),
  );
}

// askedOf says where -dC/da, the change that a neuron should make, comes from: the cost, or the next layer.
function askedOf({l, j}) {
  const {network, reading} = state;
  const change = -reading.dCda[l][j];
  const rows = [];
  const last = lastLayer();
  if (l === last) {
    const a = reading.activations[l][j];
    const y = j === label() ? 1 : 0;
    rows.push(
      {value: a, name: "a", bar: false},
      {value: y, name: "y, what it should be", bar: false},
      {value: change, name: "−dC/da = −2 (a − y)", total: true},
    );
  } else {
    const terms = network.weights[l].map((w, next) => ({
      value: -w[j] * reading.delta[l + 1][next],
      numbers: [w[j], -reading.delta[l + 1][next]],
      name: shortName({l: l + 1, j: next}),
      place: {l: l + 1, j: next},
    }));
    rows.push(...largest(terms, mostTerms, change), {value: change, name: "−dC/da, the sum", total: true});
  }
  rows.push({value: -reading.delta[l][j], name: "−dC/dz, times da/dz"});
  return rows;
}

// avenuesOf lists the three ways to move a neuron: its bias, its weights, the activations behind it.
function avenuesOf({l, j}) {
  const {network, reading} = state;
  const delta = reading.delta[l][j];
  const place = k => ({l: l - 1, j: k});
  const name = k => shortName(place(k));
  const top = terms => bySize(terms).slice(0, mostOfAvenue);
  const weights = reading.activations[l - 1].map((a, k) => ({
    value: -delta * a,
    numbers: [a],
    name: `weight from ${name(k)}`,
    place: place(k),
  }));
  const behind = network.weights[l - 1][j].map((w, k) => ({
    value: -delta * w,
    numbers: [w],
    name: name(k),
    place: place(k),
  }));
  return [
    {name: "1. its bias", value: -delta},
    {name: "2. its weights, by a:"},
    ...top(weights),
    ...(l === 1 ? [{name: "3. the pixels: nothing"}] : [{name: "3. the neurons behind, by w:"}, ...top(behind)]),
  ];
}

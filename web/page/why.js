// Why, chapters 3 and 4: the cost of the digit, and what is asked of a neuron.

import {state, change, eachFrame, isEmpty, label, lastLayer, nameOfLabel} from "./state.js";
import {subject, nameOf, shortName, stageNow} from "./focus.js";
import {fill, isOpen, largest, bySize} from "./panel.js";
import {leastWish} from "./neurons.js";
import {number, precise} from "./numbers.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);
const mostTerms = 4;
const mostOfAvenue = 3;
const mostInPlay = 12;
$("label").onchange = () => change({sheet: {...state.sheet, said: +$("label").value}});

eachFrame(() => {
  if (state.view !== "why" || !state.network) return;
  const {reading} = state;
  const ready = Boolean(reading?.delta);
  const focus = ready ? subject() : null;
  const stage = stageNow();
  showLabel();
  write("costOfOne", ready ? costOf(reading) : isEmpty() ? empty : reading ? unlabelled : "");
  if (ready) $("costOfOne").dataset.cost = reading.cost;
  else delete $("costOfOne").dataset.cost;
  // The play shows one quantity at a time, here as on the board.
  $("neuronBox").hidden = !focus || stage?.does === "cost";
  $("stepBox").hidden = !ready || stage !== null;
  if (!focus) return;
  write("askedName", nameOf(focus) + asked(-reading.dCda[focus.l][focus.j]));
  const nudges = stage?.does !== "weights";
  write("askedHelp", nudges && focus.l === lastLayer() ? askedOfOutput(focus) : "");
  const hidden = focus.l < lastLayer();
  fill($("asked"), ["asked by", "w", "× −dC/dz", "= ask"], nudges && hidden ? askedOf(focus) : []);
  fill($("avenues"), ["So it asks of", "a or w", "= ask"], stage && nudges ? [] : avenuesOf(focus, stage));
});

const empty = "Draw a digit or take a test digit.";
const unlabelled = "Choose what it should be. The network's own answer is not the label.";

function showLabel() {
  const select = $("label");
  const {names} = state.setup;
  if (select.length !== names.length + 1)
    put(select, [
      make("option", {value: "", disabled: "", hidden: ""}, "choose"),
      ...names.map((name, j) => make("option", {value: j}, name)),
    ]);
  select.disabled = isEmpty();
  select.value = label() ?? "";
}

// costOf says what the cost is, and which output has the largest part of it.
function costOf({activations, label, cost}) {
  const squares = activations.at(-1).map((a, j) => (a - (j === label ? 1 : 0)) ** 2);
  const j = squares.indexOf(Math.max(...squares));
  const part = `(${precise(activations.at(-1)[j])} − ${j === label ? 1 : 0})² = ${number(squares[j])}`;
  const whole = `This digit's cost is C = Σ (a − y)² = ${number(cost)}.`;
  return `${whole} Output ${nameOfLabel(j)} has the largest part: ${part}.`;
}

// asked says in words that fit its size which way a neuron should move.
const little = 0.2; // of -dC/da
function asked(change) {
  const size = Math.abs(change);
  if (size < leastWish) return ": next to nothing is asked";
  return (change > 0 ? " should rise" : " should fall") + (size < little ? " a little" : "");
}

function askedOfOutput({l, j}) {
  const {activations, dCda, delta, label} = state.reading;
  const y = j === label ? 1 : 0;
  return (
    `−dC/da = −2 (a − y) = −2 (${precise(activations[l][j])} − ${y}) = ${number(-dCda[l][j])}. ` +
    `Times da/dz = a (1 − a): −dC/dz = ${number(-delta[l][j])}.`
  );
}

// askedOf lists the terms of -dC/da of a hidden neuron: each weight that leads from it times -dC/dz, which is -delta.
function askedOf({l, j}) {
  const {network, reading} = state;
  const change = -reading.dCda[l][j];
  const terms = network.weights[l].map((w, next) => ({
    value: -w[j] * reading.delta[l + 1][next],
    numbers: [w[j], -reading.delta[l + 1][next]],
    name: shortName({l: l + 1, j: next}),
    place: {l: l + 1, j: next},
  }));
  return [
    ...largest(terms, mostTerms, change),
    {value: change, name: "−dC/da, the sum", total: true},
    {value: -reading.delta[l][j], name: "−dC/dz, times da/dz", bar: false},
  ];
}

// avenuesOf lists the three ways to move a neuron: its bias, its weights, the activations behind it. While the play is
// at the weights, only those. The weight that is open is always among them.
function avenuesOf({l, j}, stage) {
  const {network, reading} = state;
  const delta = reading.delta[l][j];
  const name = k => shortName({l: l - 1, j: k});
  const weights = bySize(
    reading.activations[l - 1].map((a, k) => ({
      value: -delta * a,
      numbers: [a],
      name: `weight from ${name(k)}`,
      weight: {l, j, k},
    })),
  );
  const behind = network.weights[l - 1][j].map((w, k) => ({
    value: -delta * w,
    numbers: [w],
    name: name(k),
    place: {l: l - 1, j: k},
  }));
  const count = stage ? mostInPlay : mostOfAvenue;
  const chosen = weights.filter((row, i) => i < count || isOpen(row.weight));
  if (stage) return chosen;
  return [
    {name: "1. its bias", value: -delta, weight: {l, j, k: -1}},
    {name: "2. its weights: −dC/dz × a"},
    ...chosen,
    {name: l === 1 ? "3. the pixels: they stay" : "3. the neurons: −dC/dz × w"},
    ...(l === 1 ? [] : bySize(behind).slice(0, mostOfAvenue)),
  ];
}

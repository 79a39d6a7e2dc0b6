// Read, chapter 1: the sum of one neuron, its picture of weights, and z on the curve of sigmoid.

import {state, eachFrame} from "./state.js";
import {subject, nameOf, shortName, stageNow} from "./focus.js";
import {fill, largest} from "./panel.js";
import {greyPicture, paint, signedPicture, weightScale} from "./picture.js";
import {chart} from "./chart.js";
import {number, whole} from "./numbers.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);
const tall = 600; // px of the board, from which on there is room for more terms
const most = {terms: 5, onTallBoard: 8};

eachFrame(() => {
  if (state.view === "read" && state.network) show(subject());
});

// show shows the sum of a neuron. While the play is at the sums, what comes after z is not there yet.
function show(focus) {
  const {reading} = state;
  const stage = stageNow();
  const squeezed = focus && (!stage || focus.l <= stage.lit);
  const summed = squeezed || (focus && stage.does === "sums" && stage.l === focus.l);
  write("neuronName", focus ? nameOf(focus) : "The sum of a neuron");
  write(
    "neuronHelp",
    summed
      ? `z = b + the sum of its weights times the ${focus.l === 1 ? "pixels" : `activations of layer ${focus.l - 1}`}:`
      : reading
        ? "No sum has been computed yet."
        : "Draw a digit to see it.",
  );
  showPictures(summed && focus.l === 1 ? focus.j : null);
  fill($("sum"), ["from", "w", "× a", "= w a"], summed ? sumOf(focus, squeezed) : []);
  $("sigmoidBox").hidden = !squeezed;
  if (squeezed) showSigmoid(reading.z[focus.l][focus.j], reading.activations[focus.l][focus.j]);
}

// sumOf spells out z_j = b_j + sum over k of w_jk a_k, the largest terms first.
function sumOf({l, j}, squeezed) {
  const {network, reading, size} = state;
  const a = reading.activations[l - 1];
  const z = reading.z[l][j];
  const b = network.biases[l - 1][j];
  const terms = network.weights[l - 1][j].map((w, k) => ({
    value: w * a[k],
    numbers: [w, a[k]],
    name: shortName({l: l - 1, j: k}),
    place: {l: l - 1, j: k},
  }));
  return [
    ...largest(terms, size.height > tall ? most.onTallBoard : most.terms, z - b),
    {value: b, name: "bias b"},
    {value: z, name: "z, the sum", total: true},
    ...(squeezed ? [{value: reading.activations[l][j], name: "a = sigmoid(z)", bar: false}] : []),
  ];
}

// showPictures shows the weights of a neuron of layer 1, the pixels, and both multiplied, side by side.
const names = ["weights w", "pixels a", "w × a"];
const canvases = names.map(name => make("canvas", {role: "img", "aria-label": name}));
put(
  $("pictures"),
  canvases.map((canvas, i) => make("figure", {}, canvas, make("figcaption", {}, names[i]))),
);
let painted = [];
function showPictures(j) {
  $("pictures").hidden = j === null;
  const now = [j, state.network, state.reading];
  if (j === null || now.every((x, i) => x === painted[i])) return;
  painted = now;
  const w = state.network.weights[0][j];
  const a = state.reading.activations[0];
  const scale = weightScale();
  paint(canvases[0], signedPicture(k => w[k], scale));
  paint(canvases[1], greyPicture(a));
  paint(canvases[2], signedPicture(k => w[k] * a[k], scale));
}

// The curve of sigmoid is only drawn here; z and a come from the program.
const usualLimit = 8; // of z, on either side
const marginOfLimit = 1.1; // where z is farther
const points = 81;
const curve = limit =>
  Array.from({length: points}, (_, i) => {
    const z = -limit + (2 * limit * i) / (points - 1);
    return [z, 1 / (1 + Math.exp(-z))];
  });

function showSigmoid(z, a) {
  const limit = Math.max(usualLimit, Math.ceil(marginOfLimit * Math.abs(z)));
  const text = `Sigmoid makes z = ${number(z)} an activation of ${number(a)}.`;
  write("sigmoidText", text);
  $("sigmoid").setAttribute("aria-label", "The curve of sigmoid. " + text);
  chart($("sigmoid"), {
    x: [-limit, limit],
    y: [0, 1],
    marksX: [[-limit, "−" + whole(limit)], [0, "z = 0"], [limit, whole(limit)]],
    marksY: [[0, "0"], [0.5, "0.5"], [1, "1"]],
    lines: [
      {points: curve(limit), kind: "first"},
      {points: [[z, 0], [z, a], [-limit, a]], kind: "second"},
    ],
    dots: [{at: [z, a], kind: "handle"}],
  });
}

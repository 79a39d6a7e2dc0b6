// Why: one weight or bias. A slider, the cost against it with its tangent, and the chain rule beside the measured
// slope.

import {state, change, eachFrame, label, learning, underWay} from "./state.js";
import {question, latest, answered, attempt} from "./server.js";
import {about, readingKey} from "./reading.js";
import {subject, nameOf, shortName, pointAt} from "./focus.js";
import {chart, dragged} from "./chart.js";
import {fill} from "./panel.js";
import {number} from "./numbers.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);
const brightestOnes = 4;
const reach = 4; // how far the slider goes below and above the value
const headroom = 1.1; // above the highest cost in the chart

const ready = () => state.view === "why" && Boolean(state.reading?.delta) && !learning() && state.part;
const partQuery = ({l, j, k}) => ({layer: l, j, k, label: label()});

question(
  "check",
  () => (ready() ? [readingKey(), ...Object.values(state.part)].join() : null),
  () => about("check", partQuery(state.part)),
);
question(
  "curve",
  () => (ready() ? [readingKey(), ...Object.values(state.part)].join() : null),
  () => about("along", {...partQuery(state.part), from: state.part.from, to: state.part.to}),
);

const nameOfPart = ({l, k}) => (k < 0 ? "its bias" : `the weight from ${shortName({l: l - 1, j: k})}`);

// choose takes the weight from neuron k to the neuron that the panel speaks of, or its bias.
function choose({l, j}, k) {
  const value = valueOf({l, j, k});
  change({part: {l, j, k, from: value - reach, to: value + reach}, trial: null});
}
const valueOf = ({l, j, k}) => (k < 0 ? state.network.biases[l - 1][j] : state.network.weights[l - 1][j][k]);

const brightest = ({l}) =>
  state.reading.activations[l - 1]
    .map((_, k) => k)
    .sort((i, k) => state.reading.activations[l - 1][k] - state.reading.activations[l - 1][i])
    .slice(0, brightestOnes);

eachFrame(() => {
  const focus = subject();
  if (state.view !== "why" || !state.reading?.delta || learning() || !focus || (focus.l === 0 && !state.part)) return;
  if (focus.l > 0 && (state.part?.l !== focus.l || state.part.j !== focus.j)) return choose(focus, brightest(focus)[0]);
  const {part} = state;
  const value = valueOf(part);
  write("weightName", `${nameOf(part)}: ${nameOfPart(part)} is ${number(value)}.`);
  showPicks(part);
  const curve = latest("curve")?.value;
  const check = answered("check")?.value;
  if (curve) showCurve(curve, part);
  write("weightFault", state.faults.weightFault || (state.answers.check?.error ?? ""));
  const x = part.k < 0 ? "b" : "w";
  fill(
    $("chain"),
    ["The chain rule", "value"],
    !check
      ? []
      : [
          {name: `dz/d${x}${part.k < 0 ? "" : " = a"}`, value: check.dzdw, bar: false},
          {name: "× da/dz = a (1 − a)", value: check.dadz, bar: false},
          {name: "× dC/da", value: check.dCda, bar: false},
          {name: `= dC/d${x}, the product`, value: check.computed, bar: false, total: true},
          {name: "measured by nudging", value: check.measured, bar: false},
          {name: "relative error", value: check.error, bar: false},
        ],
  );
  if (check) Object.assign($("chain").dataset, {computed: check.computed, measured: check.measured});
});

function showPicks(part) {
  const list = [...new Set([...brightest(part), part.k].filter(k => k >= 0)), -1];
  const key = JSON.stringify([part.l, part.j, list]);
  if ($("picks").dataset.key !== key) {
    $("picks").dataset.key = key;
    put(
      $("picks"),
      list.map(k =>
        make(
          "button",
          {
            class: "pick",
            "data-k": k,
            onclick: () => choose(part, k),
            onpointerenter: () => pointAt({l: part.l, j: part.j, k}, "row"),
            onpointerleave: () => pointAt(null),
          },
          k < 0 ? "its bias" : "from " + shortName({l: part.l - 1, j: k}),
        ),
      ),
    );
  }
  for (const button of $("picks").children) button.setAttribute("aria-pressed", +button.dataset.k === state.part.k);
}

let toValue = null;
function showCurve({value, cost, slope, at, costs}, part) {
  const {from, to} = part;
  const slider = $("value");
  const high = Math.max(...costs, cost) * headroom || 1;
  const step = (to - from) / (at.length - 1);
  const now = state.trial ?? value;
  const i = nearest(at, now);
  const there = state.trial === null ? cost : costs[i];
  const inside = x => {
    const y = cost + slope * (x - value);
    return y >= 0 && y <= high;
  };
  toValue = chart($("weightCurve"), {
    x: [from, to],
    y: [0, high],
    marksX: [
      [from, number(from)],
      [value, ""],
      [to, number(to)],
    ],
    marksY: [
      [0, "0"],
      [high, number(high)],
    ],
    lines: [
      {points: at.filter(inside).map(x => [x, cost + slope * (x - value)]), kind: "second"},
      {points: at.map((x, n) => [x, costs[n]]), kind: "first"},
    ],
    dots: [{at: [now, there], kind: "handle"}],
  });
  Object.assign(slider, {min: from, max: to, step});
  if (state.trial === null && document.activeElement !== slider) slider.value = value;
  slider.disabled = underWay();
  slider.setAttribute("aria-valuetext", number(now));
  write(
    "weightText",
    `At ${number(now)} the cost of this digit is ${number(there)}. ` +
      `The dashed line is the slope at the value it has, ${number(value)}.`,
  );
}
const nearest = (at, x) => at.reduce((best, y, i) => (Math.abs(y - x) < Math.abs(at[best] - x) ? i : best), 0);

// The slider tries values on the curve; letting go sets the weight.
const tryValue = x => {
  const at = latest("curve")?.value.at;
  if (at && !underWay()) change({trial: at[nearest(at, x)]});
};
function set() {
  const {trial, part} = state;
  if (trial === null) return;
  attempt("weightFault", async () => {
    const {version} = await about("set", {...partQuery(part), value: trial});
    change({
      trial: null,
      taken: null,
      changedNetwork: true,
      progress: {...state.progress, version: Math.max(version, state.progress.version)},
    });
  });
}
$("value").oninput = () => tryValue($("value").valueAsNumber);
$("value").onchange = set;
dragged($("weightCurve"), () => toValue, tryValue, set);

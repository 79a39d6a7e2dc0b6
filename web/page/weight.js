// Why: the weight or bias that is open. A slider, the cost against it with its tangent, and the chain rule beside the
// measured slope.

import {state, change, eachFrame, underWay} from "./state.js";
import {attempt, send} from "./server.js";
import {isOpen, fill} from "./panel.js";
import {openWeight, shortName, nameOf} from "./focus.js";
import {chart, dragged} from "./chart.js";
import {number} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);
const headroom = 1.1; // above the highest cost in the chart

// weight returns what the program says of the weight that is open, or null if it is about another one.
const weight = () => (isOpen(state.reading?.place) ? state.reading.weight : null);

let opened = null;
eachFrame(() => {
  const {reading, faults, trial} = state;
  const open = openWeight();
  const now = weight();
  $("weightBox").hidden = !open || !now;
  if (!open || !now) return;
  if (opened !== open) requestAnimationFrame(() => $("weightBox").scrollIntoView({block: "nearest"}));
  opened = open;
  const {l, j, k} = open;
  const x = k < 0 ? "b" : "w";
  const a = reading.activations[l][j];
  const name = k < 0 ? "its bias b" : `w from ${shortName({l: l - 1, j: k})}`;
  write("weightName", `${nameOf(open)}: ${name} = ${number(trial ?? now.value)}`);
  fill($("chain"), ["The chain rule", "value"], [
    {name: `dz/d${x}${k < 0 ? "" : " = a behind it"}`, value: k < 0 ? 1 : reading.activations[l - 1][k], bar: false},
    {name: "× da/dz = a (1 − a)", value: a * (1 - a), bar: false},
    {name: "× dC/da", value: reading.dCda[l][j], bar: false},
    {name: `= dC/d${x}, the product`, value: now.slope, bar: false, total: true},
    {name: `measured by nudging ${x}`, value: now.measured, bar: false},
  ]);
  Object.assign($("chain").dataset, {computed: now.slope, measured: now.measured});
  showCurve(now, reading.cost, x);
  write("weightHelp", underWay() ? "Training is under way: stop it first." : "");
  write("weightFault", faults.weightFault ?? "");
});

let toValue = null;
function showCurve({value, slope, at, costs}, cost, x) {
  const slider = $("value");
  const from = at[0];
  const to = at.at(-1);
  const high = Math.max(...costs, cost) * headroom || 1;
  const {trial} = state;
  const now = trial ?? value;
  const there = trial === null ? cost : costs[at.indexOf(trial)];
  const tangent = [from, value, to].concat(at).sort((u, v) => u - v).map(u => [u, cost + slope * (u - value)]);
  const line = [...at.map((u, i) => [u, costs[i]]), [value, cost]].sort(([u], [v]) => u - v);
  toValue = chart($("weightCurve"), {
    x: [from, to],
    y: [0, high],
    marksX: [[from, number(from)], ...(from < 0 && to > 0 ? [[0, `${x} = 0`]] : []), [to, number(to)]],
    marksY: [[0, "0"], [high, number(high)]],
    lines: [
      {points: tangent.filter(([, y]) => y >= 0 && y <= high), kind: "second"},
      {points: line, kind: "first"},
    ],
    dots: [{at: [now, there], kind: "handle"}],
  });
  Object.assign(slider, {min: from, max: to, step: at[1] - from, disabled: underWay()});
  if (trial === null && document.activeElement !== slider) slider.value = value;
  slider.setAttribute("aria-valuetext", number(now));
  const text = `At ${x} = ${number(now)} the cost of this digit is ${number(there)}. `;
  write("weightText", text + `Dashed: the slope at ${number(value)}.`);
}

// The slider tries values on the curve; letting go sets the weight.
const tryValue = x => {
  const {at} = weight() ?? {};
  if (!at || underWay()) return;
  change({trial: at.reduce((best, u) => (Math.abs(u - x) < Math.abs(best - x) ? u : best))});
};
function set() {
  const {trial, open} = state;
  if (trial === null) return;
  attempt("weightFault", async () => {
    await send("set", {place: open, value: trial});
    change({trial: null, changedNetwork: true});
  });
}
$("value").oninput = () => tryValue($("value").valueAsNumber);
$("value").onchange = set;
dragged($("weightCurve"), () => toValue, tryValue, set);

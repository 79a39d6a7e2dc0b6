// Why: one step down the gradient of this digit. The cost along the step, its tangent as the prediction, and the step
// itself.

import {state, change, eachFrame, label, underWay} from "./state.js";
import {attempt, send} from "./server.js";
import {example} from "./reading.js";
import {share, test, tested} from "./header.js";
import {chart, dragged} from "./chart.js";
import {fill} from "./panel.js";
import {number} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);
const wrongSize = "The step size must be a number above 0.";
const headroom = 1.05; // above the highest cost in the chart

let toSize = null;
eachFrame(() => {
  const {reading, rate, faults} = state;
  if (state.view !== "why" || !reading?.delta) return;
  if (document.activeElement !== $("size")) $("size").value = +rate.toPrecision(6);
  $("take").disabled = underWay();
  write("stepHelp", underWay() ? "Training is under way: stop it first." : "");
  write("stepFault", faults.stepFault ?? "");
  showTaken();
  if (reading.step) showAlong(reading.step);
});

// costAt returns the cost after a step of a size, which was typed or is one of the chart.
const costAt = ({at, costs, after}, size) => (size === state.reach ? after : costs[at.indexOf(size)]);

function showAlong(step) {
  const {cost, slope, at, costs} = step;
  const {rate} = state;
  const far = at.at(-1);
  const high = Math.max(...costs, cost) * headroom || 1;
  const crossing = slope < 0 ? Math.min(far, -cost / slope) : far; // where the tangent leaves the chart
  const predicted = cost + slope * rate;
  const there = costAt(step, rate);
  toSize = chart($("along"), {
    x: [0, far],
    y: [0, high],
    marksX: [[0, "size 0"], [far, number(far)]],
    marksY: [[cost, number(cost)], [0, "0"]],
    lines: [
      {points: [[0, cost], [crossing, cost + slope * crossing]], kind: "second"},
      {points: at.map((x, i) => [x, costs[i]]), kind: "first"},
    ],
    dots: there === undefined ? [] : [{at: [rate, there], kind: "handle"}],
  });
  const text =
    `Step ${number(rate)}: predicted cost (dashed) ${number(predicted)}, actual ${number(there)}. ` +
    verdict(cost, predicted, there);
  write("alongText", there === undefined ? "" : text);
}

// verdict says how good a prediction is.
const near = 0.1; // of the change
function verdict(before, predicted, after) {
  const share = (before - after) / (before - predicted);
  if (!Number.isFinite(share)) return "";
  if (after > before) return "It rises: the step goes too far.";
  if (predicted < 0) return "The slope changes on the way.";
  if (Math.abs(share - 1) < near) return "The step does nearly what the slope predicts.";
  return `That is ${Math.round(100 * share)}% of the predicted fall.`;
}

dragged($("along"), () => toSize, size => {
  const at = state.reading?.step?.at;
  if (at) change({rate: at[Math.min(at.length - 1, Math.max(1, Math.round(size / at[1])))]});
});

$("size").oninput = () => {
  const rate = $("size").valueAsNumber;
  const good = rate > 0;
  $("size").setAttribute("aria-invalid", !good);
  change({faults: {...state.faults, stepFault: good ? "" : wrongSize}});
  if (good) change({rate, reach: rate});
};

$("take").onclick = () =>
  attempt("stepFault", async () => {
    if ($("size").getAttribute("aria-invalid") === "true") throw new Error(wrongSize);
    const {rate, reading} = state;
    const {cost, slope} = reading.step;
    const before = await tested();
    const {version} = await send("step", {...example(), rate});
    const taken = {version, id: state.sheet.id, label: label(), rate, before: cost, predicted: cost + slope * rate};
    change({taken: {...taken, test: before}, changedNetwork: true});
  });

let seen = null; // the step whose result has been scrolled into sight
// showTaken says what the last step did, while the board shows the network after it.
function showTaken() {
  const {taken, reading, sheet} = state;
  const shows = taken?.version === reading.version && taken.id === sheet.id && taken.label === reading.label;
  $("takenBox").hidden = !shows;
  if (!shows) return;
  const {before: cost, predicted} = taken;
  fill($("stepTable"), ["The step taken", "cost of this digit", "change"], [
    {name: "before", numbers: [cost]},
    {name: "predicted by the slope", numbers: [predicted], value: predicted - cost, bar: false},
    {name: "after, measured", numbers: [reading.cost], value: reading.cost - cost, bar: false},
  ]);
  const after = test();
  const before = after && taken.test;
  if (after && seen !== taken) requestAnimationFrame(() => $("takenBox").scrollIntoView({block: "nearest"}));
  if (after) seen = taken;
  write(
    "stepTest",
    before
      ? `Test digits right: ${share(before)} before, ${share(after)} after. ` +
          `Their cost: ${number(before.cost)} before, ${number(after.cost)} after.`
      : "",
  );
}

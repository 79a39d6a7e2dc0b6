// Why: one step downhill on this digit. The cost along the step, its tangent as the prediction, and the step itself.

import {state, change, eachFrame, learning, underWay} from "./state.js";
import {question, latest, answered, attempt, ask} from "./server.js";
import {about, readingKey} from "./reading.js";
import {label} from "./state.js";
import {chart, dragged} from "./chart.js";
import {fill} from "./panel.js";
import {number, percent, whole} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);
const sizesInReach = 10; // the chart reaches this many times as far as a size that is typed
const largestSize = 1e6; // that the program takes
const wrongSize = `The step size must be a number above 0, at most ${largestSize}.`;
const equal = 1e-6; // of the reach: sizes that are closer are the same but for rounding
const headroom = 1.05; // above the highest cost in the chart

const ready = () => state.view === "why" && Boolean(state.reading?.delta) && !learning();

question(
  "along",
  () => (ready() ? [readingKey(), state.reach].join() : null),
  () => about("along", {label: label(), rate: state.reach}),
);

let toSize = null;
eachFrame(() => {
  if (!ready()) return;
  const along = latest("along")?.value;
  const {taken} = state;
  if (along) showAlong(along);
  if (document.activeElement !== $("size")) $("size").value = +state.rate.toPrecision(6);
  $("take").disabled = underWay();
  write(
    "stepHelp",
    state.progress.state === "paused" ? "Stop the training first: this step is taken on the network as it stands." : "",
  );
  write("stepFault", state.faults.stepFault ?? "");
  fill(
    $("stepTable"),
    ["The step you took", "cost"],
    !taken
      ? []
      : [
          {name: "before", value: taken.before},
          {name: "predicted by the gradient", value: taken.predicted},
          {name: "after, measured", value: taken.after, total: true},
        ],
  );
  showTest();
});

function showAlong({cost, slope, at, costs}) {
  const far = at.at(-1);
  const tangent = [
    [0, cost],
    [far, cost + slope * far],
  ];
  const predicted = cost + slope * state.rate;
  const high = Math.max(...costs, cost) * headroom || 1;
  const i = at.findIndex(x => Math.abs(x - state.rate) < far * equal);
  const there = i < 0 ? null : costs[i];
  const low = Math.min(0, ...costs);
  const crossing = slope < 0 ? Math.min(far, (low - cost) / slope) : far; // where the tangent leaves the chart
  toSize = chart($("along"), {
    x: [0, far],
    y: [low, high],
    marksX: [
      [0, "size 0"],
      [far, number(far)],
    ],
    marksY: [
      [0, "0"],
      [cost, number(cost)],
    ],
    lines: [
      {points: [tangent[0], [crossing, cost + slope * crossing]], kind: "second"},
      {points: at.map((x, n) => [x, costs[n]]), kind: "first"},
    ],
    dots: there === null ? [] : [{at: [state.rate, there], kind: "handle"}],
  });
  write(
    "alongText",
    `A step of size ${number(state.rate)}: the gradient, dashed, predicts ${number(predicted)}` +
      (there === null ? "." : `; the cost there is ${number(there)}. `) +
      (there === null ? "" : verdict(cost, predicted, there)),
  );
}

// verdict says how good a prediction is.
const near = 0.1; // of the change
function verdict(before, predicted, after) {
  const share = (before - after) / (before - predicted);
  if (!Number.isFinite(share)) return "";
  if (Math.abs(share - 1) < near) return "So small a step does what the gradient predicts.";
  if (predicted < 0) return "A cost below 0 cannot be: the slope changes on the way.";
  return share > 0
    ? `It falls by ${Math.round(100 * share)}% of what was predicted: the slope changes on the way.`
    : "It rises: the step goes too far, as the slope changes on the way.";
}

const pick = size => {
  const at = latest("along")?.value.at;
  if (!at) return;
  const step = at[1] - at[0];
  const i = Math.max(1, Math.min(at.length - 1, Math.round(size / step)));
  change({rate: at[i]});
};
dragged($("along"), () => toSize, pick);

$("size").oninput = () => {
  const rate = $("size").valueAsNumber;
  const good = rate > 0 && rate <= largestSize;
  $("size").setAttribute("aria-invalid", !good);
  change({faults: {...state.faults, stepFault: good ? "" : wrongSize}});
  if (good) change({rate, reach: Math.min(largestSize, sizesInReach * rate)});
};

$("take").onclick = () =>
  attempt("stepFault", async () => {
    if ($("size").getAttribute("aria-invalid") === "true") throw new Error(wrongSize);
    const test = answered("test")?.value ?? (await ask("test"));
    const taken = await about("step", {label: label(), rate: state.rate});
    requestAnimationFrame(() => requestAnimationFrame(() => $("stepTable").scrollIntoView({block: "nearest"})));
    change({
      taken: {...taken, test},
      changedNetwork: true,
      progress: {...state.progress, version: Math.max(taken.version, state.progress.version)},
    });
  });

// showTest says how the test digits fare after the step.
function showTest() {
  const {taken} = state;
  const after = answered("test")?.value;
  const share = ({right, of}) => `${percent(right / of)} of ${whole(of)}`;
  write(
    "stepTest",
    !taken || !after || after.version !== taken.version
      ? ""
      : `The test digits: ${share(taken.test)} right before, ${share(after)} after; ` +
          `their cost ${number(taken.test.cost)} before, ${number(after.cost)} after.`,
  );
}

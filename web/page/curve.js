// Learn: the cost, from before the first step to the end of the training. The first hundred steps change most, so both
// scales are logarithmic: each mark is about ten times, or three times, the one before.

import {state, eachFrame, training, underWay} from "./state.js";
import {chart} from "./chart.js";
import {number, whole} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);
const costMarks = [0.01, 0.1, 1, 10, 0.03, 0.3, 3];
const usualCosts = [0.03, 4];
const usualSteps = 120000;
const log = Math.log10;

eachFrame(() => {
  if (state.view !== "learn" || !state.setup) return;
  const {points = [], epochs, of, batch, state: now} = training();
  const steps = now === "idle" || !of ? usualSteps : epochs * Math.ceil(of / batch);
  const along = n => log(1 + n);
  const line = points.map(([seen, cost]) => [along(seen / batch), log(cost)]);
  const costs = points.map(([, cost]) => cost).filter(cost => cost > 0);
  const low = Math.min(usualCosts[0], ...costs);
  const high = Math.max(usualCosts[1], ...costs);
  const tens = [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7].filter(n => n < steps / 3);
  chart($("costChart"), {
    x: [0, along(steps)],
    y: [log(low), log(high)],
    marksX: [[0, "0"], ...tens.map(n => [along(n), whole(n)]), [along(steps), whole(steps)]],
    marksY: costMarks.filter(y => y >= low && y <= high).map(y => [log(y), String(y)]),
    lines: [{points: line, kind: "first"}],
    dots: line.length ? [{at: line[0], kind: "start"}, {at: line.at(-1), kind: "handle"}] : [],
  });
  write(
    "costText",
    "The cost of the mini-batches by the number of steps, both on logarithmic scales" +
      (points.length
        ? `: ${number(points[0][1])} before the first, ${number(points.at(-1)[1])} ${underWay() ? "now" : "at the end"}.`
        : "."),
  );
});

// Learn: the course of training, its last mini-batch and its curve.

import {state, eachFrame, nameOfLabel, training, underWay} from "./state.js";
import {greyPicture, paint} from "./picture.js";
import {chart} from "./chart.js";
import {number, whole} from "./numbers.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);

eachFrame(() => {
  if (state.view !== "learn" || !state.setup) return;
  showBatch(training());
  showCurve(training());
});

// showBatch shows the pictures of the last mini-batch, which come when there is time to look at them.
let shown = null;
function showBatch({lessons = []}) {
  $("lastBatch").hidden = !lessons.length;
  const key = JSON.stringify(lessons.map(({label, before, after}) => [label, before, after]));
  if (!lessons.length || key === shown) return;
  shown = key;
  const mean = name => number(lessons.reduce((sum, lesson) => sum + lesson[name], 0) / lessons.length);
  write(
    "batchHelp",
    `The average cost of these ${lessons.length}: ${mean("before")} before the step, ${mean("after")} after. ` +
      "Below: label→answer, cost before and after.",
  );
  put($("lessons"), lessons.map(item));
}

function item({label, answer, before, after, picture}) {
  const canvas = make("canvas", {role: "img", "aria-label": `A ${nameOfLabel(label)}`});
  paint(canvas, greyPicture(picture.map(grey => grey / 255)));
  const words = `${nameOfLabel(label)} read as ${nameOfLabel(answer)} before the step`;
  const read = `${nameOfLabel(label)}→${nameOfLabel(answer)}`;
  const fell = after < before;
  return make(
    "li",
    {title: `${words}; cost ${number(before)} before it, ${number(after)} after`},
    canvas,
    make("span", {class: answer === label ? "" : "wrong"}, read),
    make("span", {class: fell ? "fell" : "rose"}, `${before.toFixed(2)}${fell ? "↘" : "↗"}${after.toFixed(2)}`),
  );
}

// showCurve shows the cost from before the first step to the end of the training. The first hundred steps change most,
// so both scales are logarithmic: each mark is about ten times, or three times, the one before.
const costMarks = [0.01, 0.1, 1, 10, 0.03, 0.3, 3];
const stepMarks = [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7];
const usualCosts = [0.03, 4];
const log = Math.log10;
const along = n => log(1 + n);

function showCurve({points = [], epochs, of, batch}) {
  $("costChart").parentNode.hidden = !points.length;
  if (!points.length) return;
  const steps = epochs * Math.ceil(of / batch);
  const line = points.map(([seen, cost]) => [along(seen / batch), log(cost)]);
  const costs = points.map(([, cost]) => cost).filter(cost => cost > 0);
  const low = Math.min(usualCosts[0], ...costs);
  const high = Math.max(usualCosts[1], ...costs);
  chart($("costChart"), {
    x: [0, along(steps)],
    y: [log(low), log(high)],
    marksX: [0, ...stepMarks.filter(n => n < steps / 15), steps].map(n => [along(n), whole(n)]),
    marksY: costMarks.filter(y => y >= low && y <= high).map(y => [log(y), String(y)]),
    lines: [{points: line, kind: "first"}],
    dots: [{at: line[0], kind: "start"}, {at: line.at(-1), kind: "handle"}],
  });
  const [before, after] = [points[0][1], points.at(-1)[1]].map(number);
  const now = underWay() ? "now" : "at the end";
  write("costText", `Training cost by steps, log scales: ${before} before, ${after} ${now}.`);
}

// Learn: the curves of cost and share right, from before the first step to the last.

import {state, eachFrame} from "./state.js";
import {chart} from "./chart.js";
import {number, percent} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);

// The cost has a logarithmic scale, and so has the share that is still wrong: both go on falling after the first epoch.
const costMarks = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const usualCosts = [0.03, 4];
const rightMarks = [0, 0.5, 0.9, 0.99, 0.999];
const usualRight = 0.99;
const mostRight = 0.9999;
const log = Math.log10;
const ofRight = share => -log(1 - Math.min(mostRight, share));

eachFrame(() => {
  if (state.view !== "learn") return;
  const {start, points = [], tests = [], costs = [], rights = [], epochs: planned} = state.progress;
  const epochs = planned || Number($("epochs").value) || 1;
  const marksX = [
    [0, "0"],
    [1, epochs === 1 ? "1 epoch" : `${epochs} epochs`],
  ];
  const line = key => [...(start ? [[0, start[key]]] : []), ...points.map(p => [p.done, p[key]])];
  const testPoints = [...(start ? [[0, start.right]] : []), ...tests.map((right, i) => [(i + 1) / epochs, right])];
  const scaled = (list, scale) => list.map(([x, y]) => [x, scale(y)]);
  showCost(marksX, line("cost"), start, y => log(y), scaled);
  const best = Math.max(usualRight, ...line("right").map(([, y]) => y), ...tests);
  const dots = scaled(testPoints, ofRight);
  const top = ofRight(rightMarks.find(mark => mark >= best) ?? mostRight);
  chart($("rightChart"), {
    x: [0, 1],
    y: [0, top],
    marksX,
    marksY: rightMarks.filter(y => ofRight(y) <= top).map(y => [ofRight(y), `${+(100 * y).toFixed(1)}%`]),
    lines: [
      {points: scaled(line("right"), ofRight), kind: "first"},
      {points: dots, kind: "second"},
    ],
    dots: dots.map(at => ({at, kind: "test"})),
  });
  write(
    "costText",
    "Cost of the mini-batches" +
      (start ? `: ${number(start.cost)} before the first step` : "") +
      (costs.length ? `, ${number(costs.at(-1))} in epoch ${costs.length}` : ""),
  );
  write(
    "rightText",
    "Read right. Line: training digits, each before the step that learns from it" +
      (rights.length ? ` (${percent(rights.at(-1))} in epoch ${rights.length})` : "") +
      `. Dots: test digits after each epoch${tests.length ? ` (${percent(tests.at(-1))})` : ""}`,
  );
});

function showCost(marksX, points, start, scale, scaled) {
  const costs = points.map(([, y]) => y);
  const low = Math.min(usualCosts[0], ...costs);
  const high = Math.max(usualCosts[1], ...costs);
  chart($("costChart"), {
    x: [0, 1],
    y: [scale(low), scale(high)],
    marksX,
    marksY: costMarks.filter(y => y >= low && y <= high).map(y => [scale(y), String(y)]),
    lines: [{points: scaled(points, scale), kind: "first"}],
    dots: start ? [{at: [0, scale(start.cost)], kind: "test"}] : [],
  });
}

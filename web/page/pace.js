// Learn: the pace. Training is granted steps: by this page one after the other, or all of them.

import {state, change, learning, underWay} from "./state.js";
import {order} from "./server.js";

const $ = id => document.getElementById(id);
const all = -1;

// Slow at first: a mini-batch at a time, at shorter and shorter intervals, then more and more at a time, then all.
const firstInterval = 800; // ms
const lastInterval = 100;
const quicker = 0.9; // firstInterval * quicker^n = lastInterval, with n = slowOnes
const slowOnes = Math.log(lastInterval / firstInterval) / Math.log(quicker);
const more = 1.15; // after that, each grant is this times the one before
const most = 400; // steps at a time, above which nothing holds the training

let granted = 0; // how often this page has granted steps since the start
let timer = 0;

// grant stops the clock and grants a number of steps.
export function grant(steps) {
  clearTimeout(timer);
  change({pacing: false});
  return order("learnFault", "go", {steps});
}

// drive grants steps at the pace that is chosen, from the start or, after a pause, where it was.
export function drive(fromStart) {
  clearTimeout(timer);
  if (fromStart) granted = 0;
  const pace = $("pace").value;
  if (pace === "all") return grant(all);
  change({pacing: true});
  timer = setTimeout(next, interval(pace));
}

const interval = pace =>
  pace === "rising" ? Math.max(lastInterval, firstInterval * quicker ** granted) : 1000 / Number(pace);

// next grants the next steps and waits until they are taken.
async function next() {
  const pace = $("pace").value;
  if (!state.pacing || !underWay() || state.gone) return change({pacing: false});
  granted++;
  const steps = pace === "rising" ? Math.max(1, Math.round(more ** (granted - slowOnes))) : 1;
  if (steps > most) return grant(all);
  await order("learnFault", "go", {steps});
  clearTimeout(timer); // of another pace that was chosen meanwhile
  if (state.pacing) timer = setTimeout(next, interval($("pace").value));
}

$("pace").onchange = () => {
  if (learning()) drive(false);
};

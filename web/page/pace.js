// Learn: the pace. Training is granted steps: by this page one after the other, or all of them.

import {state, change, underWay, training} from "./state.js";
import {order} from "./server.js";

const $ = id => document.getElementById(id);
const all = -1;

// Slow at first: a mini-batch at a time, at shorter and shorter intervals, then more and more at a time, then all.
const firstInterval = 800; // ms
const lastInterval = 100;
const quicker = 0.93; // each interval is this times the one before
const more = 1.25; // each grant at lastInterval is this times the one before
const most = 60; // more steps at a time are not worth the waiting

let granted = 0; // since the page drives
let timer = 0;

// firstGrant returns the steps of Start itself.
export const firstGrant = () => ($("pace").value === "all" ? all : 0);

// grant stops the clock and grants a number of steps.
export function grant(steps) {
  clearTimeout(timer);
  change({pacing: false});
  return order("learnFault", "go", {steps});
}

// drive goes on at the pace that is chosen.
export function drive() {
  clearTimeout(timer);
  granted = 0;
  const {pace} = {pace: $("pace").value};
  if (pace === "all") return grant(all);
  change({pacing: true});
  timer = setTimeout(next, interval(pace));
}

const interval = pace =>
  pace === "rising" ? Math.max(lastInterval, firstInterval * quicker ** granted) : 1000 / Number(pace);

// next grants the next steps, unless the last ones are still under way.
async function next() {
  const pace = $("pace").value;
  if (!state.pacing || !underWay() || state.gone) return change({pacing: false});
  if (training().state === "paused") {
    granted++;
    const slowOnes = Math.log(lastInterval / firstInterval) / Math.log(quicker);
    const steps = pace === "rising" ? Math.max(1, Math.round(more ** (granted - slowOnes))) : 1;
    if (steps > most) return grant(all);
    await order("learnFault", "go", {steps});
  }
  timer = setTimeout(next, interval(pace));
}

$("pace").onchange = () => {
  if (state.pacing || training().state === "learning") drive();
};

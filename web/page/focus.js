// What the page points at: one neuron {l, j} on the board that the panel speaks of, and one place that is marked.
// What is marked may be a pixel, l = 0, or a weight into neuron j, from neuron k.

import {state, change, lastLayer, nameOfLabel} from "./state.js";
import {stages} from "./play.js";

// asks reports whether the board shows what the gradient asks for. Otherwise it shows the pass.
export const asks = () => state.view === "why" && Boolean(state.reading?.delta);

// allStages returns the stages of the play in this view; in Why there are none without a label.
export const allStages = () =>
  state.reading && (state.view !== "why" || asks()) ? stages(lastLayer(), state.view === "why") : [];

// stageNow returns the stage of the play that is shown, or null.
export const stageNow = () => (state.stage === null ? null : (allStages()[state.stage] ?? null));

export const same = (a, b) => Boolean(a && b) && a.l === b.l && a.j === b.j;

// subject returns the neuron that the panel speaks of: the one clicked, the one pointed at on the board, or the
// one that matters in this view and stage. It is null without a reading.
export function subject() {
  const {reading, pinned, pointed} = state;
  if (!state.network || !reading) return null;
  if (pinned) return pinned;
  if (pointed?.from === "board") return {l: pointed.l, j: pointed.j};
  const stage = stageNow();
  if (stage?.l === 0) return null;
  const l = stage?.l ?? lastLayer();
  const hidden = state.view !== "why" && stage && stage.does !== "answer"; // the answer is not reached yet
  if (l === lastLayer()) return {l, j: hidden ? 0 : ((state.view === "why" ? reading.label : null) ?? reading.digit)};
  const asked = reading[stage?.does === "weights" ? "delta" : "dCda"];
  const sizes = asks() ? asked[l].map(Math.abs) : reading.activations[l];
  return {l, j: sizes.indexOf(Math.max(...sizes))};
}

// marked returns the place whose row and wire are lit: the one pointed at, unless the panel speaks of it.
export const marked = () => (state.pointed && !same(state.pointed, subject()) ? state.pointed : null);

// openWeight returns the weight that the panel shows, or null.
export const openWeight = () =>
  asks() && same(state.open, subject()) && (stageNow()?.does ?? "weights") === "weights" ? state.open : null;

export const pointAt = (place, from) => change({pointed: place && {...place, from}});
export const pin = place => change({pinned: same(place, state.pinned) ? null : place, pointed: null});

// ---- Names ----

export function nameOf({l, j}) {
  return l === lastLayer() ? `Output ${nameOfLabel(j)}` : `Neuron ${j} of layer ${l}`;
}

export function shortName({l, j}) {
  if (l === 0) return `pixel ${j}`;
  return l === lastLayer() ? `output ${nameOfLabel(j)}` : `neuron ${j}`;
}

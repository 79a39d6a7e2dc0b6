// What the page points at: one place {l, j} on the board that the panel speaks of, and one that is marked.
// l = 0 is a pixel of the paper. What is pointed at may be a weight into it, from neuron k.

import {state, change, label, lastLayer, nameOfLabel} from "./state.js";
import {stages} from "./play.js";

// stageNow returns the stage of the play that is shown, or null.
export function stageNow() {
  if (state.stage === null || !state.reading) return null;
  const list = stages(lastLayer(), state.view === "why");
  return list[Math.min(state.stage, list.length - 1)];
}

// asks reports whether the board shows what the gradient asks for. Otherwise it shows the pass.
export function asks() {
  return (
    state.view === "why" && Boolean(state.reading?.delta) && (stageNow()?.asks !== undefined) === (state.stage !== null)
  );
}

export const same = (a, b) => Boolean(a && b) && a.l === b.l && a.j === b.j;

// subject returns the place that the panel speaks of: the one clicked, the one pointed at on the board, or the
// one that matters in this view and stage. It is null without a reading.
export function subject() {
  if (!state.network) return null;
  if (state.pinned) return state.pinned;
  if (state.pointed?.from === "board" && state.pointed.l > 0) return state.pointed;
  return subjectOfStage();
}

function subjectOfStage() {
  if (!state.reading) return null;
  const stage = stageNow();
  const l = stage?.l || lastLayer();
  if (l === lastLayer()) return {l, j: state.view === "why" && label() !== null ? label() : state.reading.digit};
  const sizes = asks() ? state.reading.dCda[l].map(Math.abs) : state.reading.activations[l];
  return {l, j: sizes.indexOf(Math.max(...sizes))};
}

// marked returns the place whose row and wire are lit: the one pointed at, unless the panel speaks of it.
export const marked = () => (state.pointed && !same(state.pointed, subject()) ? state.pointed : null);

export const pointAt = (place, from) => change({pointed: place && {...place, from}});
export const pin = place => change({pinned: same(place, state.pinned) ? null : place, pointed: null});

// ---- Names ----

export function nameOf({l, j}) {
  if (l === 0) return `Pixel ${j}, row ${Math.floor(j / state.network.cols)}, column ${j % state.network.cols}`;
  return l === lastLayer() ? `Output ${nameOfLabel(j)}` : `Neuron ${j} of layer ${l}`;
}

export function shortName({l, j}) {
  if (l === 0) return `pixel ${j}`;
  return l === lastLayer() ? `output ${nameOfLabel(j)}` : `neuron ${j}`;
}

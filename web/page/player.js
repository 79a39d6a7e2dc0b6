// The two buttons of the play and its sentence.

import {state, change, eachFrame, label, lastLayer, nameOfLabel} from "./state.js";
import {nameOf, stageNow} from "./focus.js";
import {stages, tell} from "./play.js";
import {number, whole} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);

const count = () => stages(lastLayer(), state.view === "why" && Boolean(state.reading?.delta)).length;
const canGo = by =>
  Boolean(state.reading) && (by > 0 ? state.stage === null || state.stage < count() - 1 : state.stage !== null);

// go goes one stage forward or back. Before the first one everything is shown.
export function go(by) {
  if (!canGo(by)) return;
  const next = (state.stage ?? -1) + by;
  change({stage: next < 0 ? null : next, pointed: null, pinned: null});
}
$("back").onclick = () => go(-1);
$("forward").onclick = () => go(1);

eachFrame(() => {
  const {network, reading} = state;
  if (!network) return;
  const stage = stageNow();
  $("back").disabled = !canGo(-1);
  $("forward").disabled = !canGo(1);
  if (stage) $("board").dataset.stage = `${stage.does} ${stage.l}`;
  else delete $("board").dataset.stage;
  write(
    "sentence",
    !reading
      ? ""
      : !stage
        ? rest()
        : tell(stage, lastLayer(), {
            pixels: whole(network.layers[0]),
            digit: nameOfLabel(reading.digit),
            label: label() === null ? "" : nameOfLabel(label()),
            cost: reading.cost === undefined ? "" : number(reading.cost),
          }),
  );
});

function rest() {
  const {pointed} = state;
  const a = pointed && state.reading.activations[pointed.l]?.[pointed.j];
  if (pointed?.l >= 0 && a !== undefined) return `${nameOf(pointed)}: a = ${number(a)}.`;
  return state.view === "why" && state.reading.delta
    ? "Blue should rise, red should fall: neurons and weights. Forward plays it layer by layer."
    : "Forward plays the pass, from the pixels to the answer.";
}

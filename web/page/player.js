// The two buttons of the play, its sentence, and the answer below the board.

import {state, change, eachFrame, isEmpty, isTestDigit, label, lastLayer, learning, nameOfLabel} from "./state.js";
import {showsSeen} from "./paper.js";
import {allStages, nameOf, stageNow} from "./focus.js";
import {tell} from "./play.js";
import {anA, number, whole} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);

const canGo = by => (by > 0 ? (state.stage ?? -1) < allStages().length - 1 : stageNow() !== null);

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
  write("sentence", !reading ? "" : stage ? tell(stage, lastLayer(), about(reading)) : rest(reading));
  const reached = reading && (!stage || stage.does === "answer" || state.view === "why");
  write("digit", reached ? nameOfLabel(reading.digit) : "");
  const unread = state.gone || state.drawing ? "" : isEmpty() ? invitation : state.refused;
  write("message", reached ? answer(reading) : reading ? "" : unread);
  write("paperFault", state.faults.paperFault ?? "");
  if (reached && !state.drawing && !learning() && state.readingOf === state.sheet.id)
    write("spoken", $("message").textContent);
});

const about = ({digit, label, cost}) => ({
  pixels: whole(state.network.layers[0]),
  digit: nameOfLabel(digit),
  label: nameOfLabel(label),
  cost: number(cost),
});

function rest({activations, delta, dCda}) {
  const {pointed, view} = state;
  const a = pointed?.l > 0 && pointed.k === undefined ? activations[pointed.l][pointed.j] : undefined;
  if (a !== undefined) {
    const asked = view === "why" && delta ? `, −dC/da = ${number(-dCda[pointed.l][pointed.j])}` : "";
    return `${nameOf(pointed)}: a = ${number(a)}${asked}.`;
  }
  if (view !== "why") return "Forward steps from the pixels to the answer.";
  return delta
    ? "Arrows: which way each neuron should move. Wires: which way each weight should: blue up, red down."
    : "Choose what it should be: the cost compares the outputs with that.";
}

const invitation = "Draw a digit on the paper, or take a test digit.";

function answer({digit, activations}) {
  const read = `The brightest output is ${nameOfLabel(digit)}, with ${number(activations.at(-1)[digit])}.`;
  if (isTestDigit()) {
    const truth = state.setup.labels[state.sheet.number];
    const name = `Test digit ${state.sheet.number}, ${anA(nameOfLabel(truth))}`;
    return `${read} ${name}${truth === digit ? "." : ": misread."}`;
  }
  return showsSeen() ? `${read} The paper shows your drawing as the network sees it.` : read;
}

// What the network makes of the paper. Network and reading are always of one version.

import {state, change, eachFrame, isEmpty, isTestDigit, label, learning} from "./state.js";
import {Unreachable, ask, question} from "./server.js";
import {drawing} from "./paper.js";

const restWhileLearning = 60;
const restReduced = 500; // ms between two questions
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

// example returns the fields of a request that are about the paper.
export function example() {
  if (isEmpty()) return {};
  const about = isTestDigit() ? {number: state.sheet.number} : {drawing: drawing()};
  return label() === null ? about : {...about, label: label()};
}

// What is asked about the example: in Why also the step and the weight.
const asksMore = () => state.view === "why" && label() !== null;
const asked = () => (asksMore() ? {rate: state.reach, place: state.open ?? undefined} : {});
const have = () => (state.network && state.network.version !== null ? {have: state.network.version} : {});

question(
  "look",
  () => state.setup && JSON.stringify([state.sheet.id, label(), asked(), state.progress.version]),
  async () => {
    const {id} = state.sheet;
    const of = {label: label(), place: asked().place};
    try {
      take({...(await ask("look", {...have(), ...example(), ...asked()})), ...of}, id);
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      take(await ask("look", have()), id);
      if (id === state.sheet.id) change({refused: error.message});
    }
  },
  () => (!learning() ? 0 : reducedMotion.matches && !state.drawing ? restReduced : restWhileLearning),
);

// take shows an answer, unless it is about what was on the paper before. With a network of another shape nothing is
// pinned any more.
function take({network, ...answer}, id) {
  const before = state.network;
  if (network) change({network: {...network, version: answer.version}});
  if (network && before?.layers.join() !== network.layers.join())
    change({pinned: null, pointed: null, open: null, trial: null, stage: null});
  const now = id === state.sheet.id || state.drawing; // during a stroke each answer is a moment old
  if (now) change({reading: answer.activations ? answer : null, readingOf: id, refused: ""});
  else if (network) change({reading: null});
}

// Without the program there is no answer to what is new on the paper.
eachFrame(() => {
  if (state.gone && state.reading && state.readingOf !== state.sheet.id) change({reading: null});
});

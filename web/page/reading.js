// What the network makes of the paper. Network and reading are always of one version.

import {state, change, eachFrame, countOf, isEmpty, label, learning} from "./state.js";
import {Unreachable, ask, post, question} from "./server.js";
import {drawing} from "./paper.js";

// While a large network learns it is sent with few digits, so that it can be sent ten times a second.
const large = 40000; // weights and biases
const fewDigits = 3;
const allDigits = 15;
const rounds = () => learning() && (!state.network || countOf(state.network.layers) > large);

// Networks are not asked for more often than needed, but for each change of a drawing.
const restWhileLearning = 60;
const restReduced = 500; // ms between two questions
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

const stale = () => state.network?.version !== state.progress.version || state.network.rounded !== rounds();

// readingKey says of which paper, label and network a reading is.
export const readingKey = () =>
  !state.setup
    ? null
    : [state.sheet.id, state.view === "why" ? label() : "", state.progress.version, rounds()].join();

// about asks the program about the example on the paper: a test digit goes by its number, a drawing as the body.
export function about(path, values) {
  const query = new URLSearchParams(values);
  if (state.sheet.number === null) return post(path + "?" + query, drawing());
  query.set("number", state.sheet.number);
  return post(path + "?" + query);
}

question(
  "reading",
  readingKey,
  async () => {
    const {id, page} = state.sheet;
    const rounded = rounds();
    try {
      take(await read(), id, page, rounded);
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      if (stale()) takeNetwork(await askNetwork(), rounded);
      if (page === state.sheet.page) change({reading: null, readingOf: id, refused: error.message});
    }
  },
  () => (!learning() ? 0 : reducedMotion.matches && !state.drawing ? restReduced : restWhileLearning),
);

const places = () => (rounds() ? fewDigits : allDigits);
const askNetwork = () => ask("network?places=" + places());

async function read() {
  if (isEmpty()) return stale() ? {network: await askNetwork()} : {version: state.network.version};
  const query = new URLSearchParams();
  if (stale()) query.set("places", places());
  if (state.view === "why" && label() !== null) query.set("label", label());
  if (state.sheet.number === null) return post("recognize?" + query, drawing());
  query.set("number", state.sheet.number);
  return ask("digit?" + query);
}

// take shows an answer, unless it is of another network than the one here or of what was on the paper before.
function take(answer, id, page, rounded) {
  if (answer.network) takeNetwork({version: answer.version, ...answer.network}, rounded);
  if (answer.version !== undefined && answer.version !== state.network?.version) {
    change({progress: {...state.progress, version: answer.version}});
  } else if (page === state.sheet.page) {
    change({reading: answer.activations ? answer : null, readingOf: id, refused: ""});
  }
}

// takeNetwork takes another network. With one of another shape nothing is pinned any more.
function takeNetwork(network, rounded) {
  const {rows, cols} = state.setup;
  const before = state.network;
  change({network: {rows, cols, ...network, rounded}, progress: {...state.progress, version: network.version}});
  if (before && before.layers.join() !== network.layers.join())
    change({pinned: null, pointed: null, part: null, stage: null});
}

// Without the program there is no answer to what is new on the paper.
eachFrame(() => {
  if (state.gone && state.reading && state.readingOf !== state.sheet.id) change({reading: null});
});

// The program's side: requests, the questions that follow from the state, and what the program says by itself.

import {state, change, eachFrame} from "./state.js";
import {sentence} from "./numbers.js";

// The program is unreachable when it does not answer, or not to the end.
export class Unreachable extends Error {}
const unreachable = () => {
  throw new Unreachable();
};

// ask returns the JSON that the program answers.
export async function ask(path, body = {}) {
  const response = await fetch(path, {method: "POST", body: JSON.stringify(body)}).catch(unreachable);
  const answer = await response.json().catch(unreachable);
  if (response.ok) return answer;
  throw new Error(sentence(answer.error));
}

// attempt carries out what the user asked for. What the program refuses is said in the element with this id.
export async function attempt(id, action) {
  try {
    change({faults: {...state.faults, [id]: ""}});
    await action();
  } catch (error) {
    if (error instanceof Unreachable) lost();
    else change({faults: {...state.faults, [id]: error.message}});
  }
}

// send sends an order about the network. The answer is the state after it. It is dropped if an event has come
// meanwhile, which may be newer.
export async function send(path, body) {
  const before = state.progress;
  const progress = await ask(path, body);
  if (state.progress === before) change({progress});
  return progress;
}
export const order = (id, path, body) => attempt(id, () => send(path, body));

// ---- Questions ----

// A question follows from the state: key says what is to be known now, null if nothing is. It is asked when the key
// changes, one at a time with a rest of some ms between two, and its answer is kept with the key that it belongs to.
const questions = [];
export function question(name, key, put, rest = () => 0) {
  questions.push({name, key, put, rest, busy: false, ended: -Infinity});
}

async function pose(q) {
  const key = q.key();
  const waits = q.busy || performance.now() < q.ended + q.rest();
  if (waits || state.gone || key === null || state.answers[q.name]?.key === key) return;
  q.busy = true;
  let answer = null;
  try {
    answer = {key, value: await q.put()};
  } catch (error) {
    if (error instanceof Unreachable) lost();
    else answer = {key, error: error.message};
  }
  if (answer) change({answers: {...state.answers, [q.name]: answer}});
  Object.assign(q, {busy: false, ended: performance.now()});
  setTimeout(() => change({}), q.rest());
}

eachFrame(() => questions.forEach(pose));

// ---- What the program says by itself ----

// watch listens to the program. When it does not answer twice it is gone; watch goes on trying. When it is back it may
// be another run of it, with other versions.
const retryAfter = 1000; // ms
let events = null;
let failures = 0;
let retry = 0;
export function watch() {
  events?.close();
  events = new EventSource("events");
  events.onmessage = event => {
    const progress = JSON.parse(event.data);
    if (failures === 0 && !state.gone) return change({progress});
    failures = 0;
    const network = state.network && {...state.network, version: null};
    change({gone: false, answers: {}, taken: null, network, progress});
  };
  events.onerror = () => {
    failures++;
    if (failures > 1) lost();
    else watchLater();
  };
}

function watchLater() {
  events?.close();
  clearTimeout(retry);
  retry = setTimeout(watch, retryAfter);
}

function lost() {
  change({gone: true, pacing: false});
  watchLater();
}

// The program's side: requests, the questions that follow from the state, and what the program says by itself.

import {state, change, eachFrame} from "./state.js";
import {sentence} from "./numbers.js";

// The program is unreachable when it does not answer, or not to the end.
export class Unreachable extends Error {}
const unreachable = () => {
  throw new Unreachable();
};

// ask returns the JSON that the program answers.
export async function ask(path, options) {
  const response = await fetch(path, options).catch(unreachable);
  const answer = await response.json().catch(unreachable);
  if (response.ok) return answer;
  throw Object.assign(new Error(sentence(answer.error)), {status: response.status, field: answer.field});
}
export const post = (path, body) => ask(path, {method: "POST", body});

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

// send sends an order about the network. The answer is the progress after it. It is dropped if an event has come
// meanwhile, which may be newer.
export async function send(path, body) {
  const before = state.progress;
  const progress = await post(path, body);
  if (state.progress === before) takeProgress(progress);
}
export const order = (id, path, body) => attempt(id, () => send(path, body));

// ---- Questions ----

// A question follows from the state: key says what is to be known now, null if nothing is. It is asked when the key
// changes, one at a time with a rest of some ms between two, and its answer is kept with the key that it belongs to.
const questions = [];
export function question(name, key, send, rest = () => 0) {
  questions.push({name, key, send, rest, busy: false, ended: -Infinity});
}

async function put(q) {
  const key = q.key();
  const waits = q.busy || performance.now() < q.ended + q.rest();
  if (waits || state.gone || key === null || state.answers[q.name]?.key === key) return;
  q.busy = true;
  let answer = null;
  try {
    answer = {key, value: await q.send()};
  } catch (error) {
    if (error instanceof Unreachable) lost();
    else answer = {key, error: error.message};
  }
  if (answer) change({answers: {...state.answers, [q.name]: answer}});
  Object.assign(q, {busy: false, ended: performance.now()});
  setTimeout(() => change({}), q.rest());
}

eachFrame(() => questions.forEach(put));

// answered returns the answer to a question as it stands now; latest the last one while the next is under way.
export function answered(name) {
  const answer = state.answers[name];
  return answer && answer.key === questions.find(q => q.name === name).key() ? answer : null;
}
export const latest = name => (state.gone ? answered(name) : (answered(name) ?? state.answers[name]));

// ---- What the program says by itself ----

// What was refused about the file holds until something about the file changes.
const ofFile = ({saved, revertible, fileError}) => [saved, revertible, fileError].join();

function takeProgress(progress) {
  const {progress: before, faults} = state;
  change({
    progress: {...progress, version: Math.max(progress.version, before.version ?? 0)},
    faults: ofFile(progress) === ofFile(before) ? faults : {...faults, fileFault: ""},
  });
}

// watch listens to the program. When it does not answer twice it is gone; watch goes on trying. When it is back it may
// be another run of it, with other versions.
const retryAfter = 1000; // ms
let events = null;
let failures = 0;
let retry = 0;
export function watch() {
  events?.close();
  events = new EventSource("progress");
  events.onmessage = event => {
    const progress = JSON.parse(event.data);
    if (failures === 0 && !state.gone) return takeProgress(progress);
    failures = 0;
    change({gone: false, answers: {}, network: state.network && {...state.network, version: -1}, progress});
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
  change({gone: true});
  watchLater();
}

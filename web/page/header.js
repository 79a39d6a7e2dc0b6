// The header: how good the network is, what can be done with it as a whole, and what is wrong with its file.

import {state, change, eachFrame, countOf, learning, training, underWay} from "./state.js";
import {ask, order, question} from "./server.js";
import {percent, sentence, whole} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);

question(
  "test",
  () => (state.network && !learning() ? String(state.network.version) : null),
  () => ask("test"),
);

// test returns how the network shown reads the test digits, or undefined while that is not known.
export function test() {
  const {value} = state.answers.test ?? {};
  return value?.version === state.network?.version ? value : undefined;
}
export const tested = async () => test() ?? (await ask("test"));

const describe = ({layers}) => `${layers.join("-")}: ${whole(countOf(layers))} weights and biases`;
export const share = ({right, of}) => `${percent(right / of)} of ${whole(of)}`;

eachFrame(() => {
  const {progress, network, gone, faults, setup} = state;
  $("gone").hidden = !gone;
  write("about", network ? describe(network) : "");
  $("save").disabled = gone || progress.saved;
  if (setup) $("save").title = `${progress.saved ? "The network is the one in" : "Writes the network to"} ${setup.net}`;
  $("takeBack").hidden = !progress.undoes || underWay();
  write("takeBack", "Take back: " + progress.undoes);
  write("fileFault", faults.fileFault || sentence(setup?.warning ?? ""));
  if (network) showGood();
});

// showGood says how good the network is; what is known of another one than is shown is dimmed.
function showGood() {
  const now = test();
  const {tests = [], test0} = training();
  const last = tests.at(-1);
  if (learning() && last) write("good", `${share(last)} test digits right after epoch ${last.epoch}`);
  else if (learning()) write("good", test0 ? `${share(test0)} test digits right before the first step` : "Learning");
  else if (now) write("good", `${share(now)} test digits right`);
  $("good").classList.toggle("stale", !now && !learning());
  $("good").disabled = learning();
  $("good").title = learning() ? "The table of answers comes when training pauses" : "";
}

$("good").onclick = () => change({tableOpen: !state.tableOpen});
$("save").onclick = () => order("fileFault", "save");
$("takeBack").onclick = () => order("fileFault", "undo");

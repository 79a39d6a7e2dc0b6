// Learn, chapter 2: training under way. Its last mini-batch and its curve are in course.js, its pace is in pace.js.

import {state, change, eachFrame, learning, training, underWay} from "./state.js";
import {send, attempt} from "./server.js";
import {grant, drive} from "./pace.js";
import {percent, whole} from "./numbers.js";
import {fill} from "./panel.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);
const form = $("learnForm");

eachFrame(() => {
  if (state.view !== "learn" || !state.network) return;
  showButtons();
  write("learnState", sentence(training()));
  write("learnFault", state.faults.learnFault ?? "");
  showNumbers(training());
});

function showButtons() {
  const busy = underWay();
  const active = document.activeElement;
  const buttons = {start: !busy, pause: learning(), resume: busy && !learning(), next: busy, stop: busy};
  for (const id in buttons) $(id).hidden = !buttons[id];
  if (active.hidden && $("learnButtons").contains(active))
    $("learnButtons").querySelector("button:not([hidden])").focus();
  $("settings").hidden = busy;
  $("hidden").disabled = $("from").value === "here";
  $("start").disabled = state.gone;
}

function sentence({state: now, error, epoch, epochs, seen, of, batch, tests}) {
  if (state.gone) return "";
  const batches = n => whole(Math.ceil(n / batch));
  switch (now) {
    case "idle":
      return invitation();
    case "failed":
      return `The training has failed: ${error}. The network is the one from before it.`;
    case "ended": {
      const end = tests.length < epochs ? `The training was stopped in epoch ${epoch}.` : "The training has ended.";
      const newest = state.progress.undoes === "the training";
      return end + (newest ? " “Take back” restores the network from before." : "");
    }
  }
  const step =
    seen || epoch > 1
      ? `mini-batch ${batches(seen)} of ${batches(of)} in epoch ${epoch} of ${epochs}`
      : `no step yet, ${whole(of)} pictures to learn from`;
  return `${learning() ? "Learning" : "Paused"}: ${step}. To change the settings or the network, stop first.`;
}

// invitation says which network is on the board, and which one Start begins with.
function invitation() {
  const {progress, setup} = state;
  const shown = `The board shows the network ${progress.saved ? "in " + setup.net : "as it is now"}.`;
  if ($("from").value === "here") return `${shown} Start goes on from it, with a step for each mini-batch.`;
  return (
    `${shown} Start begins with a new one: random weights and biases. Each step then moves them a little down the ` +
    "gradient of one mini-batch."
  );
}

// showNumbers says how the digits that it learns from and the test digits are read, each with the time of that.
function showNumbers({seen, of, epoch, cost, right, tests = [], test0}) {
  const rows = [];
  const row = (name, right, of, cost) => rows.push({name, numbers: [percent(right / of)], value: cost, bar: false});
  if (seen) row(`training digits in epoch ${epoch}${seen < of ? " so far" : ""}`, right, seen, cost);
  const last = tests.at(-1);
  if (last) row(`test digits after epoch ${last.epoch}`, last.right, last.of, last.cost);
  else if (test0) row("test digits before the first step", test0.right, test0.of, test0.cost);
  fill($("learnNumbers"), ["", "right", "cost"], rows);
}

// What has become of the training is spoken, once.
let spoken = "idle";
eachFrame(() => {
  const now = learning() ? "learning" : training().state;
  if (now !== spoken) write("place", now === "idle" ? "" : `Training: ${now}`);
  spoken = now;
});

// ---- Orders ----

// flags returns what the form says as flags of train.
function flags() {
  const list = ["rate", "batch", "epochs"].map(name => `-${name}=${$(name).value.trim()}`);
  if ($("plain").checked) list.push("-plain");
  list.push($("from").value === "here" ? "-resume" : `-hidden=${$("hidden").value.trim() || "none"}`);
  return list;
}

form.oninput = () => change({faults: {...state.faults, learnFault: ""}});
form.onsubmit = event => {
  event.preventDefault();
  attempt("learnFault", async () => {
    await send("learn", {flags: flags(), steps: 0});
    drive(true);
  });
};
$("pause").onclick = () => grant(0);
$("next").onclick = () => grant(1);
$("resume").onclick = () => drive(false);
$("stop").onclick = () => {
  change({pacing: false});
  attempt("learnFault", () => send("stop"));
};

// The rate follows what is started from, unless the user has chosen another one.
const usualRates = {};
$("from").onchange = () => {
  const from = $("from").value;
  const other = from === "here" ? "random" : "here";
  if ($("rate").value === usualRates[other]) $("rate").value = usualRates[from];
  change({});
};

// prepare fills the form with the defaults of train.
export function prepare({flags, gentleRate}) {
  const usual = Object.fromEntries(flags.map(flag => [flag.name, flag.default]));
  for (const id of ["hidden", "rate", "batch", "epochs"]) $(id).value = usual[id];
  Object.assign(usualRates, {random: usual.rate, here: String(gentleRate ?? usual.rate)});
}

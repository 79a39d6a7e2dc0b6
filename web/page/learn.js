// Learn, chapter 2: training under way. Its chart is in curve.js, its last mini-batch in batch.js, its pace in pace.js.

import {state, change, eachFrame, learning, training, underWay} from "./state.js";
import {send, attempt} from "./server.js";
import {grant, drive, driveFromStart} from "./pace.js";
import {number, percent, whole} from "./numbers.js";
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

const stopFirst = "To change the settings, or the network itself, stop first.";

function sentence({state: now, error, epoch, epochs, seen, of, batch, tests}) {
  if (state.gone) return "";
  const step =
    seen || epoch > 1
      ? `mini-batch ${whole(Math.ceil(seen / batch))} of ${whole(Math.ceil(of / batch))} in epoch ${epoch} of ${epochs}`
      : `no step yet, ${whole(of)} pictures to learn from`;
  switch (now) {
    case "failed":
      return `The training has failed: ${error.replace(/[.]?$/, ".")} The network is the one from before it.`;
    case "ended":
      return (
        `The training ${tests.length < epochs ? `was stopped in epoch ${epoch}` : "has ended"}. ` +
        (state.progress.undoes === "the training" ? "Take back: the training returns to the network before it." : "")
      );
    case "learning":
    case "paused":
      return `${learning() ? "Learning" : "Paused"}: ${step}. ${stopFirst}`;
  }
  return invitation();
}

// invitation says which network is on the board, and which one Start begins with.
function invitation() {
  const {progress, setup} = state;
  const shown = progress.saved ? `The board shows the network in ${setup.net}. ` : "The board shows the network as it is now. ";
  if ($("from").value === "here") return shown + "Start goes on from it, a step for each mini-batch.";
  return (
    shown +
    "Start begins with a new one: random weights and biases. Each step then moves them a little down the gradient of " +
    "one mini-batch."
  );
}

// showNumbers says what the digits it learns from and the test digits say, each with the time it is about.
function showNumbers({state: now, seen, of, epoch, cost, right, tests = [], test0}) {
  const last = tests.at(-1) ?? (test0 && {...test0, epoch: 0});
  const after = last?.epoch ? `test digits after epoch ${last.epoch}` : "test digits before the first step";
  fill(
    $("learnNumbers"),
    ["", "right", "cost"],
    now === "idle" || now === "failed"
      ? []
      : [
          ...(seen ? [{name: `training digits in epoch ${epoch}${seen < of ? " so far" : ""}`, numbers: [percent(right / seen)], value: cost, bar: false}] : []),
          ...(last ? [{name: after, numbers: [percent(last.right / last.of)], value: last.cost, bar: false}] : []),
        ],
  );
}

// What has become of the training is spoken, once.
const spoken = {learning: "Learning", paused: "Paused", ended: "The training has ended", failed: "The training has failed"};
let last = "idle";
eachFrame(() => {
  const now = learning() ? "learning" : training().state;
  if (now !== last) write("place", spoken[now] ?? "");
  last = now;
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
    driveFromStart();
  });
};
$("pause").onclick = () => grant(0);
$("next").onclick = () => grant(1);
$("resume").onclick = drive;
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

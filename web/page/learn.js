// Learn, chapter 2: training under way. Its charts are in curve.js, its last mini-batch in batch.js.

import {state, change, eachFrame, learning, underWay} from "./state.js";
import {order, send, attempt} from "./server.js";
import {asking} from "./batch.js";
import {percent, whole, number} from "./numbers.js";
import {make, write} from "./dom.js";

const $ = id => document.getElementById(id);
const form = $("learnForm");
const fields = [...form.querySelectorAll("[aria-describedby]")];
const variations = []; // the names of the ways to vary the pictures, which come with the setup
const tweaks = () => ["decay", "anneal", ...variations]; // what goes beyond the plain rule

eachFrame(() => {
  if (state.view !== "learn") return;
  showButtons();
  write("learnState", sentence());
  write("learnFault", state.faults.learnFault || (state.progress.state === "failed" ? failure() : ""));
});

function showButtons() {
  const busy = underWay();
  const paused = state.progress.state === "paused";
  const active = document.activeElement;
  const buttons = {start: !busy, pause: learning(), resume: paused, next: busy, stop: busy};
  for (const id in buttons) $(id).hidden = !buttons[id];
  if (active.hidden && $("learnButtons").contains(active))
    $("learnButtons").querySelector("button:not([hidden])").focus();
  for (const id of ["from", "rate", "batch", "epochs", "seed", "plain"]) $(id).disabled = busy;
  for (const id of tweaks()) $(id).disabled = busy || $("plain").checked;
  $("hidden").disabled = busy || $("from").value === "here";
}

const failure = () => state.progress.error.replace(/^./, c => c.toUpperCase()).replace(/[^.?!]$/, "$&.");

const invitation =
  "Press Start: the network begins with random weights and biases, and each step moves them a little down the " +
  "gradient of one mini-batch.";

function sentence() {
  const {state: now, epoch, epochs, seen, of, cost, right, batch} = state.progress;
  if (state.gone) return "";
  if (now === "idle") return invitation;
  if (now === "failed") return "The training has failed. The network is the one before Start.";
  const words = {learning: "", paused: "Paused. ", ended: "The training has ended. "}[now];
  if (!seen) return words || "Learning.";
  const batches = n => whole(Math.ceil(n / batch));
  const back = state.progress.undoes === "learn" ? " Take it back returns to the network before Start." : "";
  return (
    `${words}Epoch ${epoch} of ${epochs}, mini-batch ${batches(seen)} of ${batches(of)}. In this epoch so far: ` +
    `cost ${number(cost)}, ${percent(right / seen)} right.${back}`
  );
}

// What has become of the training is spoken, once.
const spoken = {
  learning: "Learning",
  paused: "Paused",
  ended: "The training has ended",
  failed: "The training has failed",
};
let last = state.progress.state;
eachFrame(() => {
  const now = state.progress.state;
  if (now === last) return;
  last = now;
  write("place", spoken[now] ?? "");
});

// ---- Orders ----

// checkFields says beside each field what it expects, if it has something else, and returns the first such field.
function checkFields() {
  const wrong = fields.filter(field => !field.checkValidity() || (field.id === "rate" && field.valueAsNumber <= 0));
  for (const field of fields) {
    field.setAttribute("aria-invalid", wrong.includes(field));
    $(field.id + "Fault").textContent = wrong.includes(field) ? `It must be ${field.title}.` : "";
  }
  return wrong[0];
}

// plan returns the order to learn that the form has.
function plan() {
  const from = $("from").value;
  const plan = {from, plain: $("plain").checked};
  if (from === "random")
    plan.hidden = $("hidden")
      .value.split(",")
      .filter(word => word.trim())
      .map(Number);
  for (const id of ["rate", "batch", "epochs", "seed"]) plan[id] = $(id).valueAsNumber;
  if (plan.plain) return plan;
  for (const name of ["anneal", ...variations]) plan[name] = $(name).checked;
  return {...plan, decay: $("decay").valueAsNumber};
}

form.oninput = () => {
  checkFields();
  change({faults: {...state.faults, learnFault: ""}});
};
form.onchange = () => change({});
$("from").onchange = () => followRate($("from").value);
form.onsubmit = event => {
  event.preventDefault();
  const wrong = checkFields();
  if (wrong) {
    if ($("more").contains(wrong)) $("more").open = true;
    return wrong.focus();
  }
  attempt("learnFault", async () => {
    try {
      await send("learn?batches=" + $("pace").value, JSON.stringify(plan()));
    } catch (error) {
      if (!$(error.field + "Fault")) throw error;
      $(error.field + "Fault").textContent = error.message;
      $(error.field).setAttribute("aria-invalid", true);
    }
  });
};
// steer sends an order to the training. It waits for a question about the last mini-batch, which is refused once
// the training is too fast for it; until the order is answered there is no other one.
async function steer(path) {
  change({steering: true});
  await asking?.catch(() => {});
  await order("learnFault", path);
  change({steering: false});
}
for (const id of ["pause", "resume", "next", "stop"]) $(id).onclick = () => steer(id);
$("pace").onchange = () => {
  if (underWay()) steer("pace?batches=" + $("pace").value);
};

// followRate sets the usual rate for this start, unless the user has chosen another one than for the other start.
const usualRates = {};
function followRate(from) {
  const other = from === "here" ? "random" : "here";
  if ($("rate").valueAsNumber === usualRates[other]) $("rate").value = usualRates[from];
}

// prepare fills the form with the defaults of the program and a check box for each of its variations.
export function prepare(setup) {
  const {defaults} = setup;
  for (const id of ["hidden", "rate", "batch", "epochs", "seed", "decay"]) $(id).value = defaults[id];
  Object.assign(usualRates, {random: defaults.rate, here: defaults.gentleRate});
  $("anneal").checked = defaults.anneal;
  for (const {name, usage} of setup.variations) {
    variations.push(name);
    $("checks").append(
      make("label", {}, make("input", {id: name, type: "checkbox", checked: defaults[name]}), usage),
    );
  }
}

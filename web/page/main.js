// The page: views, keys, what stands in the header and under the paper. Every number on it was computed by the Go
// program; at most it multiplies two numbers that it was sent, or adds some, to show one term or one sum.

import {state, change, eachFrame, isEmpty, isTestDigit, lastLayer, label, learning, underWay, nameOfLabel} from "./state.js";
import {ask, attempt, order, watch} from "./server.js";
import {canUndo, undo, clear, takeTestDigit} from "./paper.js";
import {subject, nameOf, pin, stageNow} from "./focus.js";
import {stages, tell} from "./play.js";
import {shown} from "./board.js";
import {anA, number, sentence, whole} from "./numbers.js";
import {write} from "./dom.js";
import "./reading.js";
import "./wires.js";
import "./read.js";
import "./answers.js";
import {prepare} from "./learn.js";
import "./curve.js";
import "./batch.js";
import "./why.js";
import "./step.js";
import "./weight.js";
import "./several.js";

const $ = id => document.getElementById(id);
const views = ["read", "learn", "why"];

// ---- The header ----

eachFrame(() => {
  const {progress, network, gone, faults} = state, busy = underWay();
  $("gone").hidden = !gone;
  write("about", network ? `${network.layers.join("-")}: ${whole(network.layers.slice(1).reduce((sum, size, l) => sum + size * (network.layers[l] + 1), 0))} weights and biases` : "");
  $("save").disabled = gone || progress.saved !== false;
  $("save").title = progress.saved ? "The network is the one in the file" : "Write the network to the file";
  $("revert").hidden = !progress.revertible || busy;
  $("takeBack").hidden = !progress.steps || busy;
  $("takeBack").title = {step: "The step", set: "The weight that was set", learn: "The training", revert: "The network before"}[progress.undoes] ?? "";
  write("fileFault", faults.fileFault || sentence(progress.fileError ?? ""));
});
$("save").onclick = () => order("fileFault", "save");
$("revert").onclick = () => order("fileFault", "revert");
$("takeBack").onclick = () => { change({taken: null}); order("fileFault", "undo"); };

// ---- Under the paper ----

const invitation = "Draw a digit here, large or small, or take a test digit.";

eachFrame(() => {
  const {reading, refused, faults, gone, sheet} = state;
  $("digit").textContent = reading ? nameOfLabel(reading.digit) : "";
  $("digit").classList.toggle("unsure", Boolean(reading?.unsure));
  $("message").textContent = reading ? answer(reading) : gone ? "" : isEmpty() ? invitation : refused;
  write("paperFault", faults.paperFault ?? "");
  $("undo").disabled = !canUndo();
  $("clear").disabled = isEmpty();
  if (document.activeElement !== $("number")) $("number").value = sheet.number ?? "";
  if (!state.drawing && !learning() && reading && state.readingOf === sheet.id) write("spoken", $("message").textContent);
});

function answer(reading) {
  const {digit, unsure, activations, prepared, warning} = reading, {number: n, label} = state.sheet;
  const a = number(activations.at(-1)[digit]), name = nameOfLabel(digit);
  const read = unsure ? `Unsure: the brightest output is ${name}, with only ${a}.` : `The brightest output is ${name}, with ${a}.`;
  if (isTestDigit()) return `${read} Test digit ${n}, ${anA(nameOfLabel(label))}${label === digit ? "." : ": misread."}`;
  const done = state.settled && prepared?.length ? ` The network sees it ${prepared.join(", ")}.` : "";
  return read + done + (warning ? " " + sentence(warning) : "");
}

$("undo").onclick = undo;
$("clear").onclick = clear;
$("random").onclick = () => takeTestDigit("");
$("mistake").onclick = () => takeTestDigit("wrong=" + (state.sheet.number ?? -1));
$("number").onchange = () => { if ($("number").value) takeTestDigit("number=" + encodeURIComponent($("number").value)); };

// ---- Play ----

const count = () => stages(lastLayer(), state.view === "why" && Boolean(state.reading?.delta)).length;
const canGo = by => Boolean(state.reading) && (by > 0 ? state.stage === null || state.stage < count() - 1 : state.stage !== null);

function go(by) {
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
  if (stage) $("board").dataset.stage = `${stage.does} ${stage.l}`; else delete $("board").dataset.stage;
  write("sentence", !reading ? "" : !stage ? rest() : tell(stage, lastLayer(),
    {pixels: whole(network.layers[0]), digit: nameOfLabel(reading.digit), label: label() === null ? "" : nameOfLabel(label()), cost: reading.cost === undefined ? "" : number(reading.cost)}));
});

function rest() {
  const {pointed} = state, a = pointed && state.reading.activations[pointed.l]?.[pointed.j];
  if (pointed?.l >= 0 && a !== undefined) return `${nameOf(pointed)}: a = ${number(a)}.`;
  return state.view === "why" && state.reading.delta ? "Blue should rise, red should fall: neurons and weights. Forward plays it layer by layer."
    : "Forward plays the pass, from the pixels to the answer.";
}

// ---- Keys ----

const moves = {ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [-1, 0], PageDown: [1, 0]};
$("network").onkeydown = event => {
  if (event.key === "ArrowLeft") go(-1);
  else if (event.key === "ArrowRight") go(1);
  else if (moves[event.key] && state.network) move(...moves[event.key]);
  else return;
  event.preventDefault();
};

// move pins the neuron next to the one that the panel speaks of.
function move(layers, neurons) {
  const from = subject() ?? {l: 1, j: -1}, l = Math.min(lastLayer(), Math.max(1, from.l + layers)), row = shown[l];
  const i = layers ? Math.min(row.length - 1, Math.max(0, shown[from.l]?.indexOf(from.j) ?? 0)) : row.indexOf(from.j) + neurons;
  const j = row[Math.min(row.length - 1, Math.max(0, i))], a = state.reading?.activations[l][j];
  if (state.pinned?.l !== l || state.pinned.j !== j) pin({l, j});
  write("place", nameOf({l, j}) + (a === undefined ? "" : `, activation ${number(a)}`));
}

document.addEventListener("keydown", event => {
  if (event.altKey) return;
  const typing = event.target.matches("input:not([type=checkbox], [type=range]), select");
  const onBoard = event.target === $("paper") || event.target === $("network");
  if (event.ctrlKey || event.metaKey) {
    if (event.key.toLowerCase() !== "z" || typing) return;
    event.preventDefault();
    undo();
  } else if (event.key === "Escape") escape(onBoard, typing);
  else if (!onBoard) return;
  else if (views[event.key - 1]) setView(views[event.key - 1]);
  else if (event.key.toLowerCase() === "r") takeTestDigit("");
  else if (event.key.toLowerCase() === "m") $("mistake").click();
});

// escape lets go of the neuron, then leaves the play, and clears the paper last.
function escape(onBoard, typing) {
  if (state.pinned) change({pinned: null});
  else if (state.stage !== null) change({stage: null});
  else if (onBoard && !typing) clear();
}

// ---- Views ----

function setView(view, shows) {
  change({view: views.includes(view) ? view : "read", stage: null});
  if (shows && $("panels").getBoundingClientRect().top > innerHeight / 2) requestAnimationFrame(() => $("panels").scrollIntoView({block: "start"}));
}

let remembered = "";
eachFrame(() => {
  for (const view of views) {
    const chosen = view === state.view;
    $("panel-" + view).hidden = !chosen;
    $("tab-" + view).setAttribute("aria-selected", chosen);
    $("tab-" + view).tabIndex = chosen ? 0 : -1;
  }
  document.body.dataset.view = state.view;
  const address = "?view=" + state.view + (isTestDigit() ? "&digit=" + state.sheet.number : "");
  if (address === remembered || !state.network) return;
  remembered = address;
  history.replaceState(null, "", address);
});

for (const view of views) $("tab-" + view).onclick = () => setView(view, true);
document.querySelector("[role=tablist]").onkeydown = event => {
  const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!by) return;
  const view = views[(views.indexOf(state.view) + by + views.length) % views.length];
  setView(view, true);
  $("tab-" + view).focus();
};

// ---- The start ----

// The page opens with a test digit, read; in Why with one that is misread, as that asks for more.
const firstDigit = view => view === "why" ? "wrong=-1" : "number=0";

async function start() {
  const address = new URLSearchParams(location.search);
  setView(address.get("view"));
  await attempt("paperFault", async () => {
    const setup = await ask("setup");
    change({setup});
    prepare(setup);
    const number = address.get("digit");
    await takeTestDigit(number === null ? firstDigit(state.view) : "number=" + encodeURIComponent(number));
  });
  watch();
}
start();

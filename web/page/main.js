// The page: its views, its keys and its start. The Go program computes all activations, costs and derivatives; the page
// only combines them.

import {state, change, eachFrame, isTestDigit, lastLayer} from "./state.js";
import {ask, attempt, order, question, watch} from "./server.js";
import {undo, takeTestDigit, takeMisread} from "./paper.js";
import {subject, nameOf, pin} from "./focus.js";
import {shown} from "./board.js";
import {go} from "./player.js";
import {prepare} from "./learn.js";
import {number} from "./numbers.js";
import {write} from "./dom.js";
import "./reading.js";
import "./neurons.js";
import "./wires.js";
import "./header.js";
import "./answers.js";
import "./read.js";
import "./course.js";
import "./why.js";
import "./weight.js";
import "./step.js";

const $ = id => document.getElementById(id);
const views = ["read", "learn", "why"];

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
  const from = subject() ?? {l: 1, j: -1};
  const l = Math.min(lastLayer(), Math.max(1, from.l + layers));
  const row = shown[l];
  const i = layers
    ? Math.min(row.length - 1, Math.max(0, shown[from.l].indexOf(from.j)))
    : row.indexOf(from.j) + neurons;
  const j = row[Math.min(row.length - 1, Math.max(0, i))];
  const a = state.reading?.activations[l][j];
  if (state.pinned?.l !== l || state.pinned.j !== j) pin({l, j});
  write("place", nameOf({l, j}) + (a === undefined ? "" : `, activation ${number(a)}`));
}

document.addEventListener("keydown", event => {
  if (event.altKey) return;
  const typing = event.target.matches("input:not([type=checkbox], [type=range]), select");
  if (event.key === "Escape") change(state.pinned ? {pinned: null} : {stage: null});
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || typing) return;
  event.preventDefault();
  undoLast();
});

// undoLast takes back a step, a weight or a bias if that was the last change, else what changed the paper.
function undoLast() {
  if (state.changedNetwork && /step|weight|bias/.test(state.progress.undoes)) order("fileFault", "undo");
  else undo();
}

// ---- Views ----

function setView(view) {
  change({view: views.includes(view) ? view : "read", stage: null, trial: null});
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

for (const view of views) $("tab-" + view).onclick = () => setView(view);
document.querySelector("[role=tablist]").onkeydown = event => {
  const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!by) return;
  const view = views[(views.indexOf(state.view) + by + views.length) % views.length];
  setView(view);
  $("tab-" + view).focus();
};

// ---- The start ----

// The page opens with a test digit: the one of the address, in Why one that is misread, as that asks for more, else the
// first. The setup is asked for again when the program did not answer.
const opened = new URLSearchParams(location.search);
question(
  "setup",
  () => (state.setup ? null : "setup"),
  () =>
    attempt("paperFault", async () => {
      const setup = await ask("setup");
      prepare(setup);
      change({setup});
      const number = opened.has("digit") ? Number(opened.get("digit")) : 0;
      const known = setup.labels[number] !== undefined;
      if (state.view === "why" && !opened.has("digit")) await takeMisread(-1, 0);
      else takeTestDigit(known ? number : 0);
    }),
);
setView(opened.get("view"));
watch();

// The paper: what is drawn on it or the test digit it has, its history, and the tools below it.

import {state, change, eachFrame, isEmpty, isTestDigit} from "./state.js";
import {attempt} from "./server.js";
import {tested} from "./header.js";
import {greyPicture} from "./picture.js";

const $ = id => document.getElementById(id);
const inkSize = 280;
const brush = 20; // of the drawing that is sent, in its pixels
const paper = $("paper");
const screen = paper.getContext("2d");
const ink = Object.assign(document.createElement("canvas"), {width: inkSize, height: inkSize});
const inkContext = ink.getContext("2d", {willReadFrequently: true});

// ---- The history of the paper ----

const history = [];
let lastId = 0;

// setSheet replaces what is on the paper. Undo brings the sheet before back.
function setSheet(sheet) {
  if (!isEmpty() || lastId > 0) history.push(state.sheet);
  showSheet(sheet);
}

function showSheet(sheet) {
  change({
    sheet: {strokes: [], number: null, said: null, ...sheet, id: ++lastId},
    changedNetwork: false,
    trial: null,
    faults: {...state.faults, paperFault: ""},
  });
}

export function undo() {
  if (history.length && !state.drawing) showSheet(history.pop());
}
function clear() {
  if (!isEmpty() && !state.drawing) setSheet({});
}
export function takeTestDigit(number) {
  if (!state.drawing) setSheet({number});
}

// takeMisread takes the next test digit after a number that the network misreads, or another one if it misreads none.
export const takeMisread = (after, otherwise) =>
  attempt("paperFault", async () => {
    const {answers} = await tested();
    const {labels} = state.setup;
    const order = labels.map((_, i) => (after + 1 + i) % labels.length);
    const number = order.find(i => answers[i] !== labels[i]) ?? otherwise;
    if (number === undefined) throw new Error("The network misreads no test digit.");
    takeTestDigit(number);
  });

$("undo").onclick = undo;
$("clear").onclick = clear;
$("random").onclick = () => takeTestDigit(Math.floor(Math.random() * state.setup.labels.length));
$("misread").onclick = () => takeMisread(state.sheet.number ?? -1);

// ---- Strokes ----

// beginStroke begins a stroke. On a test digit it begins a new paper: a stroke never lands on a picture.
function beginStroke(at) {
  const {strokes, said} = state.sheet;
  setSheet(isTestDigit() ? {strokes: [[at]]} : {strokes: [...strokes, [at]], said});
}

function position(event) {
  const box = paper.getBoundingClientRect();
  return [((event.clientX - box.left) * ink.width) / box.width, ((event.clientY - box.top) * ink.height) / box.height];
}

let finger = null; // the pointer that draws
paper.onpointerdown = event => {
  if (finger !== null || event.button !== 0 || !state.network) return;
  finger = event.pointerId;
  paper.setPointerCapture(finger);
  change({drawing: true, atPaper: true, pointed: null, stage: null});
  beginStroke(position(event));
};
paper.onpointermove = event => {
  if (event.pointerId !== finger) return;
  const all = event.getCoalescedEvents?.() ?? [];
  state.sheet.strokes.at(-1).push(...(all.length ? all : [event]).map(position));
  change({sheet: {...state.sheet, id: ++lastId}});
};
paper.onpointerup = paper.onpointercancel = event => {
  if (event.pointerId !== finger) return;
  finger = null;
  change({drawing: false});
};

// The paper shows the ink as it was drawn while the pointer is on it, so that the next stroke meets it; else the
// picture that the network sees. A finger leaves the paper when it touches something else.
paper.onpointerenter = () => change({atPaper: true});
paper.onpointerleave = event => {
  if (event.pointerType === "mouse") change({atPaper: false});
};
document.addEventListener("pointerdown", event => {
  if (event.target !== paper) change({atPaper: false});
});

// showsSeen reports whether the paper shows the picture that the network sees.
export const showsSeen = () =>
  Boolean(state.reading) && state.readingOf === state.sheet.id && (isTestDigit() || !(state.atPaper || state.drawing));

// ---- Drawing the paper ----

function paintInk() {
  const {rows, cols} = state.setup;
  const unit = inkSize / Math.max(rows, cols);
  Object.assign(ink, {width: Math.round(cols * unit), height: Math.round(rows * unit)}); // black again
  inkContext.fillRect(0, 0, ink.width, ink.height);
  inkContext.strokeStyle = "#fff";
  inkContext.lineWidth = brush;
  inkContext.lineCap = inkContext.lineJoin = "round";
  for (const stroke of state.sheet.strokes) {
    inkContext.beginPath();
    inkContext.moveTo(...stroke[0]);
    for (const [x, y] of stroke) inkContext.lineTo(x, y + 0.01); // a line of no length would not be drawn
    inkContext.stroke();
  }
}

// drawing returns what is on the paper as a PNG in base64.
export function drawing() {
  paintInk();
  return ink.toDataURL().split(",")[1];
}

let painted = [];
eachFrame(() => {
  const {network, setup, sheet, reading} = state;
  $("undo").disabled = !history.length || state.drawing;
  $("clear").disabled = isEmpty();
  $("random").disabled = $("misread").disabled = !network || state.gone;
  const seen = showsSeen() ? reading.activations[0] : null;
  const now = [sheet.id, seen];
  if (!network || (isTestDigit() && !seen) || now.every((x, i) => x === painted[i])) return;
  painted = now;
  Object.assign(paper, {width: setup.cols, height: setup.rows});
  screen.imageSmoothingQuality = "high";
  if (!seen) paintInk();
  screen.drawImage(seen ? greyPicture(seen) : ink, 0, 0, setup.cols, setup.rows);
});

// The paper: what is drawn on it with a pointer, and one history of it. The keyboard's pen is in pen.js.

import {state, change, eachFrame, isEmpty} from "./state.js";
import {ask, attempt} from "./server.js";
import {pointAt} from "./focus.js";
import {greyPicture} from "./picture.js";

const inkSize = 280;
const brush = 20; // of the drawing that is sent, in its pixels
const settleAfter = 1500; // ms after a stroke, so that the next one can follow on the same ink
const paper = document.getElementById("paper");
const screen = paper.getContext("2d");
const ink = Object.assign(document.createElement("canvas"), {width: inkSize, height: inkSize});
const inkContext = ink.getContext("2d", {willReadFrequently: true});

// ---- The history of the paper ----

const history = [];
const mostKept = 200;
let lastId = 0;
let lastPage = 0;

// setSheet replaces what is on the paper. Undo brings the sheet before back.
function setSheet(sheet) {
  if (state.sheet.page > 0) history.push({sheet: state.sheet, said: state.said});
  if (history.length > mostKept) history.shift();
  showSheet(sheet, null);
}

function showSheet(sheet, said) {
  change({
    sheet: {picture: null, strokes: [], number: null, label: null, png: null, ...sheet, id: ++lastId, page: ++lastPage},
    said,
    taken: null,
    changedNetwork: false,
    trial: null,
    settled: !sheet.strokes?.length,
    faults: {...state.faults, paperFault: ""},
  });
}

export const canUndo = () => history.length > 0 && !state.drawing;
export function undo() {
  if (!canUndo()) return;
  const {sheet, said} = history.pop();
  change({pen: {...state.pen, down: false}});
  showSheet(sheet, said);
}
export function clear() {
  if (!isEmpty() && !state.drawing) setSheet({});
}

// takeTestDigit puts a test digit on the paper: the one of a number, any (""), or one that is misread.
export function takeTestDigit(query) {
  return attempt("paperFault", async () => {
    const reading = await ask("digit?" + query);
    if (state.drawing) return;
    setSheet({picture: reading.activations[0], number: reading.number, label: reading.truth});
    if (reading.version === state.network?.version) change({reading, readingOf: state.sheet.id});
  });
}

// ---- Strokes ----

// beginStroke begins a stroke. On a test digit it begins a new paper: what is drawn is never added to it.
export function beginStroke(at) {
  const {picture, strokes, number} = state.sheet;
  setSheet(number === null ? {picture, strokes: [...strokes, [at]]} : {strokes: [[at]]});
}

export function extendStroke(points) {
  state.sheet.strokes.at(-1).push(...points);
  change({sheet: {...state.sheet, id: ++lastId}});
}

let settling = 0;
export function settleLater(wait = settleAfter) {
  clearTimeout(settling);
  settling = setTimeout(settle, wait);
}

// settle replaces the ink by the picture that the network sees of it, so that the next stroke goes on that.
function settle() {
  if (state.drawing || state.settled || state.pen.down) return;
  if (state.readingOf !== state.sheet.id) return settleLater();
  if (!state.reading) return;
  change({settled: true, sheet: {...state.sheet, png: drawing(), picture: state.reading.activations[0], strokes: []}});
}

function position(event) {
  const box = paper.getBoundingClientRect();
  return [((event.clientX - box.left) * ink.width) / box.width, ((event.clientY - box.top) * ink.height) / box.height];
}

// pixelOnInk returns the middle of a pixel of the network's pictures.
export function pixelOnInk({row, column}) {
  const {rows, cols} = state.network;
  return [((column + 0.5) * ink.width) / cols, ((row + 0.5) * ink.height) / rows];
}

let finger = null; // the pointer that draws
paper.onpointerdown = event => {
  if (finger !== null || event.button !== 0 || !state.network) return;
  finger = event.pointerId;
  paper.setPointerCapture(finger);
  clearTimeout(settling);
  change({drawing: true, pointed: null, pen: {...state.pen, used: false}});
  beginStroke(position(event));
};
paper.onpointermove = event => {
  if (finger === null && event.pointerType === "mouse" && state.network) return pointAtPixel(event);
  if (event.pointerId !== finger) return;
  const all = event.getCoalescedEvents?.() ?? [];
  extendStroke((all.length ? all : [event]).map(position));
};
paper.onpointerup = paper.onpointercancel = event => {
  if (event.pointerId !== finger) return;
  finger = null;
  change({drawing: false});
  settleLater();
};
paper.onpointerleave = event => {
  pointAt(null);
  if (finger === null && event.pointerType === "mouse") settleLater(0);
};

function pointAtPixel(event) {
  const {rows, cols} = state.network;
  const [x, y] = position(event);
  const row = Math.floor((y * rows) / ink.height);
  const column = Math.floor((x * cols) / ink.width);
  if (row >= 0 && row < rows && column >= 0 && column < cols) pointAt({l: 0, j: row * cols + column}, "board");
}

// ---- Drawing the paper ----

function paintInk() {
  const {picture, strokes} = state.sheet;
  const {rows, cols} = state.network;
  const unit = inkSize / Math.max(rows, cols);
  const width = Math.round(cols * unit);
  const height = Math.round(rows * unit);
  if (ink.width !== width || ink.height !== height) Object.assign(ink, {width, height});
  inkContext.fillStyle = "#000";
  inkContext.fillRect(0, 0, width, height);
  inkContext.imageSmoothingEnabled = false;
  if (picture) inkContext.drawImage(greyPicture(picture), 0, 0, width, height);
  inkContext.strokeStyle = "#fff";
  inkContext.lineWidth = brush;
  inkContext.lineCap = inkContext.lineJoin = "round";
  for (const stroke of strokes) {
    inkContext.beginPath();
    inkContext.moveTo(...stroke[0]);
    for (const [x, y] of stroke) inkContext.lineTo(x, y + 0.01); // a line of no length would not be drawn
    inkContext.stroke();
  }
}

let painted = "";
eachFrame(() => {
  const {network, sheet, settled} = state;
  if (!network) return;
  const key = `${sheet.id} ${settled} ${network.rows} ${network.cols}`;
  if (key === painted) return;
  painted = key;
  Object.assign(paper, {width: network.cols, height: network.rows});
  paintInk();
  screen.imageSmoothingQuality = "high";
  screen.drawImage(ink, 0, 0, network.cols, network.rows);
});

// drawing returns what is on the paper as a PNG. (toBlob would wait for an idle moment.)
export function drawing() {
  if (state.sheet.png) return state.sheet.png;
  paintInk();
  return Uint8Array.from(atob(ink.toDataURL().split(",")[1]), character => character.charCodeAt(0));
}

// The desk: what stands below the paper, the answer and the tools.

import {state, eachFrame, isEmpty, isTestDigit, learning, nameOfLabel} from "./state.js";
import {canUndo, undo, clear, takeTestDigit} from "./paper.js";
import {anA, number, sentence} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);

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
  if (!state.drawing && !learning() && reading && state.readingOf === sheet.id)
    write("spoken", $("message").textContent);
});

function answer(reading) {
  const {digit, unsure, activations, prepared, warning} = reading;
  const {number: n, label} = state.sheet;
  const a = number(activations.at(-1)[digit]);
  const name = nameOfLabel(digit);
  const read = unsure
    ? `Unsure: the brightest output is ${name}, with only ${a}.`
    : `The brightest output is ${name}, with ${a}.`;
  if (isTestDigit())
    return `${read} Test digit ${n}, ${anA(nameOfLabel(label))}${label === digit ? "." : ": misread."}`;
  const done = state.settled && prepared?.length ? ` The network sees it ${prepared.join(", ")}.` : "";
  return read + done + (warning ? " " + sentence(warning) : "");
}

$("undo").onclick = undo;
$("clear").onclick = clear;
$("random").onclick = () => takeTestDigit("");
$("mistake").onclick = () => takeTestDigit("wrong=" + (state.sheet.number ?? -1));
$("number").onchange = () => {
  if ($("number").value) takeTestDigit("number=" + encodeURIComponent($("number").value));
};

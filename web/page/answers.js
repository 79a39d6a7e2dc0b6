// How good the network is: the sentence in the header, and the table of its answers by label, whose cells walk through
// their digits.

import {state, change, eachFrame, learning, nameOfLabel} from "./state.js";
import {ask, question, latest} from "./server.js";
import {takeTestDigit} from "./paper.js";
import {percent, whole} from "./numbers.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);

question(
  "test",
  () => (state.network && !learning() ? String(state.progress.version) : null),
  () => ask("test"),
);

eachFrame(() => {
  if (!state.network) return;
  const test = latest("test")?.value;
  write(
    "good",
    learning()
      ? whileLearning(state.progress)
      : test
        ? `${percent(test.right / test.of)} of ${whole(test.of)} test digits right`
        : "",
  );
  $("good").setAttribute("aria-expanded", state.tableOpen);
  $("answers").hidden = !state.tableOpen;
  if (state.tableOpen) showTable(test);
});

function whileLearning({start, tests}) {
  if (tests.length) return `${percent(tests.at(-1))} of the test digits right after epoch ${tests.length}`;
  return start ? `${percent(start.right)} of the test digits right before the first step` : "Learning";
}

const tableHelp =
  "Each row has the test digits of one label, each column an answer. Click a number to walk through its digits.";

const fewClasses = 12; // whose table has room for wide cells
let shown = null;
function showTable(test) {
  if ($("tableHelp"))
    write(
      "tableHelp",
      learning() ? "This table is of the network before the training; a new one is made when it pauses." : tableHelp,
    );
  if (!test || shown === test) return mark();
  shown = test;
  const classes = test.table.length;
  const head = ["", ...test.table.map((_, answer) => nameOfLabel(answer)), "right"];
  const rows = test.table.map((counts, l) => {
    const all = counts.reduce((sum, n) => sum + n, 0);
    return make(
      "tr",
      {},
      make("th", {scope: "row"}, nameOfLabel(l)),
      ...counts.map((n, answer) => make("td", {}, cell(l, answer, n))),
      make("td", {class: "number"}, all ? percent(counts[l] / all) : ""),
    );
  });
  put($("answers"), [
    make(
      "div",
      {class: "row"},
      make("h2", {}, "Answers by label"),
      make("button", {onclick: close, id: "closeAnswers"}, "Close"),
    ),
    make("p", {class: "faint", id: "tableHelp"}, tableHelp),
    make(
      "div",
      {class: "wide", tabindex: 0, role: "group", "aria-label": "The table"},
      make(
        "table",
        {class: classes > fewClasses ? "answers many" : "answers"},
        make(
          "thead",
          {},
          make("tr", {}, ...head.map((text, i) => (i ? make("th", {scope: "col"}, text) : make("td", {}, "")))),
        ),
        make("tbody", {}, ...rows),
      ),
    ),
  ]);
  mark();
}

const cell = (l, answer, n) =>
  n === 0
    ? "·"
    : make(
        "button",
        {
          class: l === answer ? "right" : "wrong",
          "data-cell": `${l},${answer}`,
          "aria-label": `${n} with label ${nameOfLabel(l)} read as ${nameOfLabel(answer)}`,
          onclick: () => walk(l, answer),
        },
        n,
      );

function mark() {
  for (const button of $("answers").querySelectorAll("[data-cell]"))
    button.setAttribute("aria-pressed", button.dataset.cell === String(state.cell));
}

// walk puts the next digit of a cell on the paper.
async function walk(l, answer) {
  const goesOn = String(state.cell) === `${l},${answer}` && state.sheet.number !== null;
  change({cell: [l, answer]});
  await takeTestDigit(`wrong=${goesOn ? state.sheet.number : -1}&read=${l}&as=${answer}`);
}

function close() {
  change({tableOpen: false});
  $("good").focus();
}
$("good").onclick = () => change({tableOpen: !state.tableOpen});

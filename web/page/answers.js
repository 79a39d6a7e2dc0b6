// The table of the answers to the test digits by label, whose cells walk through their digits.

import {state, eachFrame, learning, nameOfLabel} from "./state.js";
import {test} from "./header.js";
import {takeTestDigit} from "./paper.js";
import {percent} from "./numbers.js";
import {make, put} from "./dom.js";

const $ = id => document.getElementById(id);

let shown = null;
eachFrame(() => {
  const open = state.tableOpen && !learning() && Boolean(state.network);
  $("good").setAttribute("aria-expanded", open);
  $("answers").hidden = !open;
  if (!open) return;
  const now = test();
  $("answers").classList.toggle("stale", !now);
  if (now && now !== shown) {
    shown = now;
    put($("answerTable"), tableOf(count(now.answers)));
  }
});

// count returns how often each label got each answer.
function count(answers) {
  const {labels, names} = state.setup;
  const table = names.map(() => names.map(() => 0));
  answers.forEach((answer, i) => table[labels[i]][answer]++);
  return table;
}

function tableOf(table) {
  const head = text => make("th", {scope: "col"}, text);
  const rows = table.map((counts, l) => {
    const all = counts.reduce((sum, n) => sum + n, 0);
    return make(
      "tr",
      {},
      make("th", {scope: "row"}, nameOfLabel(l)),
      ...counts.map((n, answer) => make("td", {}, n ? cell(l, answer, n) : "·")),
      make("td", {class: "number"}, all ? percent(counts[l] / all) : ""),
    );
  });
  return [
    make("thead", {}, make("tr", {}, make("td"), ...table.map((_, j) => head(nameOfLabel(j))), head("right"))),
    make("tbody", {}, ...rows),
  ];
}

const cell = (l, answer, n) =>
  make(
    "button",
    {
      class: l === answer ? "above" : "below",
      "data-cell": `${l},${answer}`,
      "aria-label": `${n} with label ${nameOfLabel(l)} read as ${nameOfLabel(answer)}`,
      onclick: () => walk(l, answer),
    },
    n,
  );

// walk puts the next digit of a cell on the paper.
function walk(l, answer) {
  const now = test();
  if (!now) return;
  const {labels} = state.setup;
  const digits = labels.map((_, i) => i).filter(i => labels[i] === l && now.answers[i] === answer);
  takeTestDigit(digits[(digits.indexOf(state.sheet.number) + 1) % digits.length]);
}

// Why: what several digits ask of the same weights, and the average that the step follows. The table of chapter 3.

import {state, change, eachFrame, learning, lastLayer, nameOfLabel} from "./state.js";
import {post, question, latest} from "./server.js";
import {aligned, anA} from "./numbers.js";
import {pointAt, pin} from "./focus.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);
const most = 20;
const perLayer = 3;

question(
  "asks",
  () =>
    state.view === "why" && !learning() && state.network && state.several.length
      ? [state.several, state.progress.version].join(";")
      : null,
  () => post("asks?numbers=" + state.several),
);

$("numbers").oninput = () => {
  const numbers = $("numbers")
    .value.split(/[\s,]+/)
    .filter(Boolean);
  const good = numbers.length > 0 && numbers.length <= most && numbers.every(n => /^\d{1,9}$/.test(n));
  $("numbers").setAttribute("aria-invalid", !good);
  change({
    faults: {
      ...state.faults,
      severalFault: good ? "" : `Write the numbers of 1 to ${most} test digits, such as 8, 9, 10.`,
    },
  });
  if (good) change({several: numbers.map(Number)});
};

let shown = null;
eachFrame(() => {
  if (state.view !== "why") return;
  const answer = latest("asks");
  write("severalFault", state.faults.severalFault || answer?.error || "");
  if (!answer?.value || answer.value === shown || !state.network) return;
  shown = answer.value;
  showTable(shown);
});

function showTable({numbers, labels, weights, asks, average}) {
  const places = new Map();
  const rows = [];
  weights.forEach(({layer}, i) => {
    const list = places.get(layer) ?? [];
    places.set(layer, [...list, i]);
    if (list.length < perLayer) rows.push(i);
  });
  const columns = [...asks, average];
  const texts = columns.map(column => aligned(rows.map(i => column[i])));
  const side = x => (x < 0 ? "number below" : "number above");
  put($("several"), [
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        make("th", {scope: "col"}, "weight"),
        ...numbers.map((n, i) => make("th", {scope: "col", title: `test digit ${n}`}, anA(nameOfLabel(labels[i])))),
        make("th", {scope: "col"}, "average"),
      ),
    ),
    make(
      "tbody",
      {},
      ...rows.flatMap((i, row) => {
        const {layer, j, k} = weights[i];
        const place = {l: layer, j};
        const tr = make(
          "tr",
          {},
          make("th", {scope: "row"}, make("button", {class: "place", onclick: () => pin(place)}, `${k} to ${j}`)),
          ...texts.map((column, c) =>
            make("td", {class: side(columns[c][i]) + (c === asks.length ? " average" : "")}, column[row]),
          ),
        );
        tr.onpointerenter = () => pointAt({...place, k}, "row");
        tr.onpointerleave = () => pointAt(null);
        return row > 0 && weights[rows[row - 1]].layer === layer ? [tr] : [headingOf(layer, columns.length + 1), tr];
      }),
    ),
  ]);
}

const headingOf = (layer, columns) =>
  make(
    "tr",
    {},
    make(
      "th",
      {scope: "rowgroup", colspan: columns, class: "faint"},
      `${layer === 1 ? "pixels" : `layer ${layer - 1}`} to ${layer === lastLayer() ? "outputs" : `layer ${layer}`}`,
    ),
  );

// What the panels share: tables whose rows name places on the board.

import {state, change} from "./state.js";
import {marked, same, pointAt, pin} from "./focus.js";
import {aligned} from "./numbers.js";
import {make, put} from "./dom.js";

// bySize sorts terms, each with a value, from the largest in size; those of 0 are left out.
export const bySize = terms => terms.filter(t => t.value !== 0).sort((s, t) => Math.abs(t.value) - Math.abs(s.value));

// largest returns the rows of the terms that are largest in size, the one that is pointed at among them, and one for
// the rest of their sum.
export function largest(terms, count, sum) {
  const order = bySize(terms);
  const rows = order.slice(0, count);
  const mark = marked();
  const pointed = mark && order.slice(count).find(t => same(t.place, mark));
  if (pointed) rows[count - 1] = pointed;
  const more = order.length - rows.length;
  if (more > 0) rows.push({value: rows.reduce((rest, t) => rest - t.value, sum), name: `and ${more} more`});
  return rows;
}

// fill writes rows into a table. heads are the headings of its columns: the first of the names, then of the numbers,
// of which the last is the value. Each row has a name, a value, numbers for the columns between, and perhaps a place on
// the board that it names, or a weight {l, j, k} that it opens. A bar shows how large the value is. Rows are
// kept and rewritten, so that focus and pointer stay on them.
export function fill(table, heads, rows) {
  if (!table.tHead) prepare(table);
  const columns = heads.length - 1;
  const numbers = i => rows.map(row => (i === columns - 1 ? row.value : row.numbers?.[i]));
  const texts = Array.from({length: columns}, (_, i) => aligned(numbers(i)));
  const longest = Math.max(...rows.map(row => (row.bar === false ? 0 : Math.abs(row.value ?? 0))));
  const head = rows.length ? heads.join("|") : "";
  if (table.tHead.dataset.text !== head) {
    table.tHead.dataset.text = head;
    put(table.tHead, head ? [make("tr", {}, ...heads.map(text => make("th", {scope: "col"}, text)), make("td"))] : []);
  }
  table.hidden = !rows.length;
  const body = table.tBodies[0];
  while (body.rows.length > rows.length) body.lastChild.remove();
  rows.forEach((row, i) => {
    const tr = body.rows[i] ?? body.appendChild(emptyRow());
    rewrite(tr, row, texts.map(column => column[i]), longest);
  });
}

function prepare(table) {
  table.append(make("thead"), make("tbody"));
  table.onpointerover = event => {
    const {place, weight} = event.target.closest("tr") ?? {};
    pointAt(weight ?? place ?? null, "row");
  };
  table.onpointerleave = () => pointAt(null);
  table.addEventListener("focusin", table.onpointerover);
  table.addEventListener("focusout", table.onpointerleave);
  table.onclick = event => {
    const {place, weight} = event.target.closest("tr") ?? {};
    if (weight) change({open: isOpen(weight) ? null : weight, trial: null});
    else if (place?.l > 0) pin(place);
  };
}

// isOpen reports whether a weight is the one that is open.
export const isOpen = weight => same(weight, state.open) && weight.k === state.open.k;

const emptyRow = () => make("tr", {}, make("th", {scope: "row"}), make("td", {class: "bar"}, make("i")));

function rewrite(tr, row, texts, longest) {
  while (tr.cells.length < texts.length + 2) tr.cells[0].after(make("td", {class: "number"}));
  while (tr.cells.length > texts.length + 2) tr.cells[1].remove();
  tr.place = row.place;
  tr.weight = row.weight;
  tr.className = row.total ? "total" : "";
  tr.classList.toggle("marked", isOpen(row.weight) || same(row.place, marked()));
  rename(tr.cells[0], row);
  texts.forEach((text, i) => {
    if (tr.cells[i + 1].textContent !== text) tr.cells[i + 1].textContent = text;
  });
  const side = row.value < 0 ? "below" : "above";
  tr.cells[texts.length].className = "number " + (row.bar === false ? "" : side);
  tr.cells[texts.length + 1].className = "bar " + side;
  tr.querySelector("i").style.width =
    row.bar === false || !row.value ? 0 : (100 * Math.abs(row.value)) / longest + "%";
}

// rename writes the name of a row: a button, if there is a neuron to go to or a weight to open.
function rename(cell, {name, place, weight}) {
  const goes = weight || place?.l > 0;
  let button = cell.querySelector("button");
  if (goes && !button) put(cell, [(button = make("button", {class: "place"}))]);
  if (!goes && button) put(cell, []);
  if (weight) button.setAttribute("aria-expanded", isOpen(weight));
  else button?.removeAttribute("aria-expanded");
  const holder = goes ? button : cell;
  if (holder.textContent !== name) holder.textContent = name;
}

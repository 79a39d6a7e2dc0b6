// The neurons: how bright they are, their numbers, and in Why what is asked of them.

import {state, eachFrame, lastLayer, nameOfLabel} from "./state.js";
import {elements, places, shown} from "./board.js";
import {asks, marked, same, stageNow, subject} from "./focus.js";
import {number} from "./numbers.js";

eachFrame(() => {
  if (!places || !state.network) return;
  const now = {focus: subject(), mark: marked(), stage: stageNow(), asking: asks()};
  elements.forEach((layer, l) =>
    layer.forEach((parts, i) => show(parts, l, shown[l][i], places.columns[l].places[i], now)),
  );
});

// show makes neuron j of layer l as bright as its activation and writes its numbers.
const bright = 0.5; // of an activation; the number on it is dark then
function show(parts, l, j, place, {focus, mark, stage, asking}) {
  const {reading, pinned} = state;
  const isOutput = l === lastLayer();
  const lit = !stage || l <= stage.lit;
  const a = lit ? reading?.activations[l][j] : undefined;
  parts.j = j;
  const [z, dcda, delta] = ["z", "dCda", "delta"].map(name => reading?.[name]?.[l][j]);
  keep(parts.group, {neuron: j, activation: reading?.activations[l][j], z, dcda, delta}); // exactly
  parts.circle.style.fill = `color-mix(in oklab, #fff ${(100 * (a ?? 0)).toFixed(1)}%, #0b0d10)`;
  const name = isOutput ? nameOfLabel(j) : j;
  const inValue = isOutput && parts.outside; // where there is room for one text only
  parts.name.textContent = inValue ? "" : name;
  parts.name.classList.toggle("onBright", !parts.outside && a > bright);
  const classes = {
    chosen: same(focus, {l, j}),
    pinned: same(pinned, {l, j}),
    marked: same(mark, {l, j}),
    dim: stage && ![stage.l, stage.wired, stage.wired - 1].includes(l),
    answered: isOutput && lit && j === reading?.digit,
    wanted: isOutput && asking && j === reading.label,
  };
  for (const name in classes) parts.group.classList.toggle(name, Boolean(classes[name]));
  parts.value.textContent = (inValue ? `${name} ` : "") + valueOf(parts, l, j, a, stage);
  const wished = asking && (!stage || (stage.does === "nudges" && l === stage.l));
  showWish(parts.wish, wished ? -reading.dCda[l][j] : 0, place);
  if (parts.bar) showError(parts, j, asking);
}

// keep writes the numbers with an element. What is undefined is removed.
function keep(element, values) {
  for (const name in values) {
    if (values[name] === undefined || values[name] === null) delete element.dataset[name];
    else element.dataset[name] = values[name];
  }
}

// valueOf returns the number beside a neuron: z while a layer adds up, else the activation. Hidden neurons show one
// only in their own stages.
function valueOf({outside}, l, j, a, stage) {
  if (l === lastLayer()) {
    if (stage?.does === "sums" && stage.l === l) return "z " + number(state.reading.z[l][j]);
    return a === undefined ? "" : a.toFixed(4);
  }
  if (outside || stage?.l !== l) return "";
  if (stage.does === "sums") return number(state.reading.z[l][j]);
  return stage.does === "sigmoid" ? a.toFixed(2) : "";
}

// showWish draws an arrow at a neuron: which way it should move, the larger the more. The scale is the same for all.
const fullWish = 1; // of -dC/da, for the largest arrow
export const leastWish = 0.01; // of -dC/da; below it there is none
const smallestArrow = 3;
const largestArrow = 10;
const arrowGap = 3; // px
const ofRadius = 0.7; // the largest arrow of a small neuron
const slimness = 0.6; // half the width of an arrow, by its height
function showWish(arrow, wish, {x, y, r}) {
  if (Math.abs(wish) < leastWish) return arrow.removeAttribute("d");
  const share = Math.min(1, Math.abs(wish) / fullWish);
  const height = smallestArrow + Math.min(r * ofRadius, largestArrow) * share;
  const half = height * slimness;
  const up = wish > 0 ? -1 : 1;
  const middle = x - r - half - arrowGap;
  arrow.setAttribute("d", `M${middle} ${y + up * height}L${middle - half} ${y - up * half * 0.5}h${2 * half}Z`);
  arrow.classList.toggle("down", wish < 0);
}

// showError writes what an output should be and the square of its distance, as a bar.
const narrowestBar = 0.5; // px
function showError({error, bar}, j, shows) {
  const y = shows && j === state.reading.label ? 1 : 0;
  const square = shows ? (state.reading.activations.at(-1)[j] - y) ** 2 : undefined;
  error.textContent = shows ? y : "";
  bar.setAttribute("width", shows ? Math.max(narrowestBar, places.numbers.widest * square) : 0);
}

// Charts: lines and points between two axes, as SVG.

import {change} from "./state.js";
import {make, put} from "./dom.js";

const right = 12;
const top = 10;
const bottom = 22; // px around the lines
const letter = 0.62; // the width of a digit, in sizes of the font
const dotSize = {usual: 4, handle: 7};
const margin = 10; // beside the marks, left and right together
const markGap = 6; // between the axis and its marks
const baseline = 4; // below the middle of a letter
const closest = 12; // px between two marks of the y axis

// A chart is drawn again when its size changes.
const sizes = new ResizeObserver(() => change({}));
const watched = new Set();

// chart draws into an SVG element:
//   x, y: [lowest, highest];  marksX, marksY: lists of [value, text] beside the axes, the important ones first
//   lines: {points: [[x, y]...], kind};  dots: {at: [x, y], kind}
// It returns the function from px of the element to values of x, for those who drag.
export function chart(svg, {x, y, marksX, marksY, lines, dots = []}) {
  if (!watched.has(svg)) sizes.observe(svg);
  watched.add(svg);
  const {clientWidth: width, clientHeight: height} = svg;
  if (!width) return null;
  const left =
    margin + letter * parseFloat(getComputedStyle(svg).fontSize) * Math.max(...marksY.map(([, text]) => text.length));
  const wide = width - left - right;
  const high = height - top - bottom;
  const px = v => left + (wide * (v - x[0])) / (x[1] - x[0]);
  const py = v => top + (high * (y[1] - v)) / (y[1] - y[0]);
  const parts = [];
  const marked = [];
  for (const [v, text] of marksY) {
    if (marked.some(at => Math.abs(at - py(v)) < closest)) continue;
    marked.push(py(v));
    parts.push(
      make("line", {x1: left, x2: width - right, y1: py(v), y2: py(v), class: "grid"}),
      make("text", {x: left - markGap, y: py(v) + baseline, "text-anchor": "end"}, text),
    );
  }
  marksX.forEach(([v, text]) => {
    const anchor = v === x[0] ? "start" : v === x[1] ? "end" : "middle";
    parts.push(make("text", {x: px(v), y: height - baseline, "text-anchor": anchor}, text));
  });
  const clip = v => Math.min(height - bottom, Math.max(top, py(v)));
  for (const {points, kind} of lines) {
    const inside = points.filter(([, v]) => Number.isFinite(v));
    const d = inside.map(([u, v]) => `${px(u).toFixed(1)} ${clip(v).toFixed(1)}`).join("L");
    if (d) parts.push(make("path", {d: "M" + d, class: kind}));
  }
  for (const {at, kind} of dots)
    parts.push(make("circle", {cx: px(at[0]), cy: clip(at[1]), r: dotSize[kind] ?? dotSize.usual, class: kind}));
  put(svg, parts);
  return at => x[0] + (x[1] - x[0]) * Math.min(1, Math.max(0, (at - left) / wide));
}

// dragged calls move with the value of x under the pointer while it is held down on a chart.
export function dragged(svg, scale, move, end = () => {}) {
  const at = event => {
    const toX = scale();
    if (toX) move(toX(event.clientX - svg.getBoundingClientRect().left));
  };
  svg.onpointerdown = event => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    at(event);
  };
  svg.onpointermove = event => {
    if (svg.hasPointerCapture(event.pointerId)) at(event);
  };
  svg.onpointerup = end;
}

// The keyboard's pen: arrow keys move it over the paper, Enter lowers and lifts it.

import {state, change} from "./state.js";
import {beginStroke, extendStroke, pixelOnInk, settleLater} from "./paper.js";
import {write} from "./dom.js";

const paper = document.getElementById("paper");
const moves = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};
const edge = 1; // pixels that the pen keeps from the edge
const clamp = (x, size) => Math.min(size - 1 - edge, Math.max(edge, x));

paper.onkeydown = event => {
  const move = moves[event.key];
  const turns = event.key === "Enter" || event.key === " ";
  if (!state.network || (!move && !turns)) return;
  event.preventDefault();
  const [rows, columns] = move ?? [0, 0];
  const {network, pen: before} = state;
  const pen = {
    row: clamp(before.row + rows, network.rows),
    column: clamp(before.column + columns, network.cols),
    down: before.down !== turns,
    used: true,
  };
  change({pen});
  if (turns && pen.down) beginStroke(pixelOnInk(pen));
  else if (turns) settleLater();
  else if (pen.down) extendStroke([pixelOnInk(pen)]);
  write("place", `Row ${pen.row}, column ${pen.column}, pen ${pen.down ? "down" : "up"}`);
};

paper.onblur = () => {
  change({pen: {...state.pen, down: false, used: false}});
  settleLater(0);
};

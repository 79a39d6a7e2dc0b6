// Learn: the last mini-batch, when there is time to look at it.

import {state, eachFrame, nameOfLabel, training} from "./state.js";
import {greyPicture, paint} from "./picture.js";
import {number} from "./numbers.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);

let shown = null;
eachFrame(() => {
  if (state.view !== "learn" || !state.setup) return;
  const {lessons = []} = training();
  $("lastBatch").hidden = !lessons.length;
  const key = JSON.stringify(lessons.map(({label, before, after}) => [label, before, after]));
  if (!lessons.length || key === shown) return;
  shown = key;
  const fell = lessons.filter(lesson => lesson.after < lesson.before).length;
  const mean = name => number(lessons.reduce((sum, lesson) => sum + lesson[name], 0) / lessons.length);
  write(
    "batchHelp",
    `This step went down the gradient of these ${lessons.length}. Their average cost: ${mean("before")} before it, ` +
      `${mean("after")} after; lower for ${fell}.`,
  );
  put($("lessons"), lessons.map(item));
});

function item({label, answer, before, after, picture}) {
  const canvas = make("canvas", {role: "img", "aria-label": `A ${nameOfLabel(label)}`});
  paint(canvas, greyPicture(picture.map(grey => grey / 255)));
  const words = `${nameOfLabel(label)} read as ${nameOfLabel(answer)} before the step`;
  const fell = after < before;
  return make(
    "li",
    {title: `${words}; cost ${number(before)} before it, ${number(after)} after`},
    canvas,
    make("span", {class: answer === label ? "" : "wrong", "aria-label": words}, `${nameOfLabel(label)}→${nameOfLabel(answer)}`),
    make("span", {class: fell ? "fell" : "rose"}, `${before.toFixed(2)}${fell ? "↘" : "↗"}${after.toFixed(2)}`),
  );
}

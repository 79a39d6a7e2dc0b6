// Learn: the last mini-batch, when there is time to look at it.

import {state, eachFrame, nameOfLabel} from "./state.js";
import {ask, question, latest} from "./server.js";
import {greyPicture} from "./picture.js";
import {paint} from "./panel.js";
import {number} from "./numbers.js";
import {make, put, write} from "./dom.js";

const $ = id => document.getElementById(id);

export let asking = null; // the question that is under way, or the last one

question(
  "batch",
  () => {
    const {batchShown, epoch, seen, version} = state.progress;
    return state.view === "learn" && batchShown && !state.steering ? [epoch, seen, version].join() : null;
  },
  () => (asking = ask("batch")),
);

let shown = null;
eachFrame(() => {
  if (state.view !== "learn" || !state.network) return;
  const batch = state.progress.batchShown ? latest("batch")?.value : null;
  $("lastBatch").hidden = !batch;
  if (!batch || batch === shown) return;
  shown = batch;
  const fell = batch.filter(e => e.after < e.cost).length;
  write(
    "batchHelp",
    "What the network answered, and the cost of each digit before and after the step that learned from them. " +
      `It fell for ${fell} of ${batch.length}.`,
  );
  put($("examples"), batch.map(example));
});

function example({label, answer, cost, after, pixels}) {
  const canvas = make("canvas", {role: "img", "aria-label": `A ${nameOfLabel(label)}`});
  paint(canvas, greyPicture(pixels.map(p => p / 255)));
  const wrong = answer !== label;
  return make(
    "li",
    {},
    canvas,
    make("span", {class: wrong ? "wrong" : ""}, `${nameOfLabel(label)} read as ${nameOfLabel(answer)}`),
    make(
      "span",
      {class: after < cost ? "fell" : "rose"},
      `${number(cost)} ${after < cost ? "↘" : "↗"} ${number(after)}`,
    ),
  );
}

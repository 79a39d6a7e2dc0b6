// The state of the page: one object, one function that changes it, and one drawing for each frame.

export const state = {
  view: "read", // or "learn" or "why"
  gone: false, // the program does not answer
  setup: null, // what never changes: rows, cols, names[label], labels[number of a test digit], flags, net, warning
  size: {width: 0, height: 0}, // of the board's stage
  network: null, // version, layers, weights[l - 1][j][k] and biases[l - 1][j] of layer l
  progress: {version: 0, saved: true, undoes: "", training: {state: "idle"}}, // as the program said last
  pacing: false, // this page grants the steps of the training by a clock
  reading: null, // the answer of /look about the paper: digit, activations[l][j], z[l][j]; with a label
  // also cost, dCda[l][j], delta[l][j]; in Why also step and, for an open weight, weight
  readingOf: 0, // the id of the sheet that the reading is of
  refused: "", // why there is no reading
  answers: {}, // of the program, by the names of the questions: {key, value} or {key, error}

  // The paper: strokes, or a test digit by its number. Each change of the picture has a new id. Said: what the user
  // says it should be.
  sheet: {id: 0, strokes: [], number: null, said: null},
  drawing: false, // a stroke is under way
  atPaper: false, // the pointer is on the paper: it shows the ink as it was drawn

  pinned: null, // the neuron {l, j} that was clicked
  pointed: null, // the place under the pointer, {l, j} with from: "board" or "row"; l = 0 is a pixel; with k a weight
  stage: null, // of the play, by its number; null: everything is shown
  open: null, // the weight in Why, {l, j, k}; k = -1 is the bias
  trial: null, // the value of that weight while the slider moves
  reach: 0.01, // the size of the step that was typed: the chart reaches a few times as far
  rate: 0.01, // the size of the step that is marked in the chart
  taken: null, // the last step taken: the version it led to, and what it was before
  changedNetwork: false, // the user's last change was a step or a weight, not one of the paper
  tableOpen: false, // the table of answers by label
  faults: {}, // what the program refused, by the id of the element that says so
};

const drawings = [];
let waiting = false;

// change sets some of the state's values. All that depends on them is drawn in the next frame.
export function change(values) {
  Object.assign(state, values);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const draw of drawings) draw();
  });
}

// eachFrame adds a function that draws a part of the page after a change.
export const eachFrame = draw => drawings.push(draw);

// ---- What follows from the state ----

export const training = () => state.progress.training;
export const underWay = () => ["learning", "paused"].includes(training().state);
export const learning = () => training().state === "learning" || (underWay() && state.pacing);
export const lastLayer = () => state.network.layers.length - 1;
export const countOf = layers => layers.slice(1).reduce((sum, size, l) => sum + size * (layers[l] + 1), 0);
export const isTestDigit = () => state.sheet.number !== null;
export const isEmpty = () => !isTestDigit() && !state.sheet.strokes.length;
export const nameOfLabel = j => state.setup?.names[j] ?? String(j);

// label returns what the digit should be: as said, or as the test set has it; null for a drawing of which nobody has
// said it. What it is read as is no label.
export const label = () => state.sheet.said ?? (isTestDigit() ? state.setup.labels[state.sheet.number] : null);

// The state of the page: one object, one function that changes it, and one drawing for each frame.

export const state = {
  view: "read", // or "learn" or "why"
  gone: false, // the program does not answer
  setup: null, // what never changes: names[label], classes, test, defaults, variations
  size: {width: 0, height: 0}, // of the board
  network: null, // layers, weights[l][j][k] from neuron k of layer l to j of layer l+1, biases[l][j], rows, cols,
  // version, and rounded if its weights are sent with few digits
  progress: {state: "idle", version: 0}, // the last event of the program about its training and network
  steering: false, // an order to the training is under way
  reading: null, // digit, activations[l][j], z[l][j]; with a label also cost, dCda[l][j] and delta[l][j]
  readingOf: 0, // the id of the sheet that the reading is of
  refused: "", // why there is no reading
  answers: {}, // of the program, by the names of the questions: {key, value} or {key, error}

  // The paper: a picture of the size of the network's or null, and strokes above it. Each change has a new id, and
  // each new beginning a new page.
  sheet: {id: 0, page: 0, picture: null, strokes: [], number: null, label: null, png: null},
  drawing: false, // a stroke is under way
  pen: {row: 14, column: 14, down: false, used: false}, // of the keyboard
  settled: true, // the paper shows the picture that the network sees, and not the ink as it was drawn
  said: null, // what the digit should be, as the user says; null: what the test set has, if anything

  pinned: null, // the place {l, j} that was clicked; l = 0 is a pixel
  pointed: null, // the place under the pointer, with from "board" or "row"
  stage: null, // of the play, by its number; null: everything is shown
  part: null, // the weight in Why, {l, j, k, from, to}; k = -1 is the bias
  trial: null, // the value of that weight while the slider moves
  rate: 0.001, // the size of the step in Why
  reach: 0.01, // the largest size in the chart of the step
  taken: null, // the last step taken: before, predicted, after
  changedNetwork: false, // the user's last change was a step or a weight, not one of the paper
  several: [8, 9, 10], // the numbers of the test digits in the table of chapter 3
  tableOpen: false, // the table of answers by label
  cell: null, // the cell of it whose digits are walked through, {label, answer}
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

export const learning = () => state.progress.state === "learning";
export const underWay = () => learning() || state.progress.state === "paused";
export const lastLayer = () => state.network.layers.length - 1;
export const countOf = layers => layers.slice(1).reduce((sum, size, l) => sum + size * (layers[l] + 1), 0);
export const isEmpty = () => !state.sheet.picture && !state.sheet.strokes.length;
export const isTestDigit = () => state.sheet.number !== null;

// label returns what the digit should be: as said, or as the test set has it; null for a drawing of which nobody has
// said it. What it is read as is no label.
export const label = () => (isEmpty() ? null : (state.said ?? state.sheet.label));
export const nameOfLabel = j => state.setup?.names[j] ?? String(j);

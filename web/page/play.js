// Play: the pass, and in Why the way back, one stage at a time. Pure functions of the network and the view.

// stages returns what there is to step through in a network whose last layer is last. Each stage has
//   does: pixels, sums, sigmoid, answer, cost, nudges or weights;  l: its layer
//   lit: the layers up to lit are bright;  wired: the layer whose wires are drawn;  asks: what is drawn is asked for
export function stages(last, why) {
  const list = [{does: "pixels", l: 0, lit: 0, wired: null}];
  for (let l = 1; l <= last; l++) {
    list.push({does: "sums", l, lit: l - 1, wired: l}, {does: "sigmoid", l, lit: l, wired: l});
  }
  list.push({does: "answer", l: last, lit: last, wired: null});
  if (!why) return list;
  list.push({does: "cost", l: last, lit: last, wired: null, asks: true});
  for (let l = last; l >= 1; l--) {
    list.push(
      {does: "nudges", l, lit: last, wired: l < last ? l + 1 : null, asks: true},
      {does: "weights", l, lit: last, wired: l, asks: true},
    );
  }
  return list;
}

// tell returns the one sentence of a stage. about has the numbers that it names.
export function tell({does, l}, last, about) {
  const layer = l === last ? "the outputs" : `layer ${l}`;
  const each = l === last ? "Each output" : `Each neuron of layer ${l}`;
  const before = l === 1 ? "pixel" : `neuron of layer ${l - 1}`;
  const after = l + 1 === last ? "outputs" : `neurons of layer ${l + 1}`;
  switch (does) {
    case "pixels":
      return `The ${about.pixels} pixels are the first layer: each is a number from 0, black, to 1, white.`;
    case "sums":
      return `${each} adds up: every ${before} times its weight, and the bias. The sum is z.`;
    case "sigmoid":
      return `Sigmoid squeezes each z between 0 and 1: those are the activations of ${layer}.`;
    case "answer":
      return `The brightest output is the answer: ${about.digit}.`;
    case "cost":
      return `It should be ${about.label}: y is 1 there, 0 elsewhere. The cost adds up all (a − y)²: ${about.cost}.`;
    case "nudges":
      return l === last
        ? `Output ${about.label} should rise and the others fall, each in proportion to its distance from y.`
        : `${each} should move as all ${after} ask: a wire is its weight times what they ask. The arrow is the sum.`;
    case "weights":
      return `So each weight into ${layer} should change, the more the brighter the ${before} it comes from.`;
  }
}

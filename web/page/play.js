// Play: in Read and Learn the pass, in Why the way back, one stage at a time. Pure functions.

// stages returns what there is to step through in a network whose last layer is last. Each stage has
//   does: pixels, sums, sigmoid or answer; in Why cost, nudges or weights;  l: its layer
//   lit: the layers up to lit have been reached;  wired: the layer whose wires are drawn, or null
export function stages(last, why) {
  const list = [];
  if (why) {
    list.push({does: "cost", l: last, lit: last, wired: null});
    for (let l = last; l >= 1; l--) {
      const wired = l < last ? l + 1 : null;
      list.push({does: "nudges", l, lit: last, wired}, {does: "weights", l, lit: last, wired: l});
    }
    return list;
  }
  list.push({does: "pixels", l: 0, lit: 0, wired: null});
  for (let l = 1; l <= last; l++)
    list.push({does: "sums", l, lit: l - 1, wired: l}, {does: "sigmoid", l, lit: l, wired: null});
  list.push({does: "answer", l: last, lit: last, wired: null});
  return list;
}

// tell returns the one sentence of a stage. about has the numbers that it names.
export function tell({does, l}, last, about) {
  const layer = l === last ? "the outputs" : `layer ${l}`;
  const each = l === last ? "Each output" : `Each neuron of layer ${l}`;
  const after = l + 1 === last ? "the outputs" : `layer ${l + 1}`;
  switch (does) {
    case "pixels":
      return `The ${about.pixels} pixels are layer 0: each is a number from 0, black, to 1, white.`;
    case "sums":
      return `${each} adds up weight times activation over its wires, plus its bias. The sum is z.`;
    case "sigmoid":
      return `Sigmoid squeezes each z into a number from 0 to 1: the activations of ${layer}.`;
    case "answer":
      return `The brightest output is the answer: ${about.digit}.`;
    case "cost":
      return `It should be ${about.label}: y is 1 there, 0 elsewhere. The cost adds up all (a − y)²: ${about.cost}.`;
    case "nudges":
      return l === last
        ? `Output ${about.label} should rise and the others fall: the arrows are −dC/da = −2 (a − y).`
        : `Each wire is a weight times −dC/dz of ${after}. Each arrow is their sum at a neuron, −dC/da.`;
    case "weights":
      return `Each wire is −dC/dw, the change asked of a weight into ${layer}. It grows with the activation behind it.`;
  }
}

// Where everything on the board stands. Pure functions: the layers and the size of the board in, places out.
// Every layer has one column. The first column is the paper, whose pixels are layer 0. All lengths are px.

const margin = 18;
const top = 26; // above the columns, for the name of the paper
const foot = 26; // below the columns, for the names of the layers
const belowNames = 9;

// The paper.
const smallestPaper = 84;
const shareOfPaper = {usual: 0.41, alone: 0.45}; // of the width, at most; alone: no hidden layers

// The columns of neurons.
const closest = 13; // from neuron to neuron
const closestOfMany = 17;
const closestPictures = 24;
const many = 16; // more neurons than these need not all be shown
const farthest = 150;
const radius = {ofStep: 0.4, least: 6, growth: 0.16}; // it grows slower than the step from neuron to neuron
const tileOfStep = 0.9;
const crowdedWidth = 1000; // less is too narrow for long bars
const closestColumns = 10;
const shareOfGaps = 0.2; // of the width beyond half of crowdedWidth
const shareOfTile = {usual: 0.11, alone: 0.3}; // of the width, at most
const smallestTile = 18;
const tileGap = 4;
const roomForArrow = 18;
const smallestTarget = 24;
const around = 3; // margin of a neuron's target

// layout returns the places for a network with these layers and pictures of rows x cols pixels. In Why, asks, the
// outputs need room for their errors and the neurons for arrows.
export function layout(layers, {rows, cols}, {width, height}, asks) {
  const alone = layers.length === 2;
  const numbers = roomForNumbers(width < crowdedWidth, asks);
  const space = height - top - foot;
  const columns = layers.slice(1).map((count, i) =>
    column(count, space, {
      pictures: i === 0,
      widest: Math.max(smallestTile, width * (alone ? shareOfTile.alone : shareOfTile.usual)),
      arrow: asks ? roomForArrow : 0,
      label: i + 2 === layers.length ? numbers.width : 0,
    }),
  );
  const used = columns.reduce((sum, c) => sum + c.width, 0);
  const gaps = Math.max(columns.length * closestColumns, (width - crowdedWidth / 2) * shareOfGaps);
  const share = alone ? shareOfPaper.alone : shareOfPaper.usual;
  const size = Math.max(smallestPaper, Math.min(width - 2 * margin - used - gaps, width * share, space));
  const middle = top + space / 2;
  const gap = Math.max(0, (width - 2 * margin - size - used) / columns.length);
  let x = margin + size;
  for (const c of columns) {
    x += gap;
    c.places = placesOf(c, x, middle);
    x += c.width;
  }
  return {
    numbers,
    paper: {x: margin, y: middle - size / 2, size, pixel: size / Math.max(rows, cols)},
    columns: [null, ...columns],
    bottom: height - belowNames,
    distance: gap + columns[0].width, // from column to column
  };
}

// roomForNumbers returns where the numbers of an output stand right of its circle: a, and in Why y and (a - y)^2 as a
// bar.
const numbersClose = {width: 138, y: 72, bar: 86, below: -5, thick: 10, widest: 46};
const numbersWide = {width: 212, y: 92, bar: 122, below: -5, thick: 10, widest: 78};
const roomForNumbers = (close, asks) => (!asks ? {width: 84} : close ? numbersClose : numbersWide);

// column finds out how many neurons of a layer have room in its column, and how large they are. Beside each neuron
// of layer 1 is a picture of its weights; in Why, arrows stand left of the circles.
function column(count, space, {pictures, widest, arrow, label}) {
  const least = count <= many ? closest : pictures ? closestPictures : closestOfMany;
  const room = Math.max(2, Math.floor(space / least));
  const shown = count <= room ? count : room - 1;
  const lines = shown < count ? shown + 1 : shown; // the last one says how many are left out
  const step = Math.min(space / lines, farthest);
  const r = Math.min(step * radius.ofStep, radius.least + step * radius.growth);
  const tile = pictures ? Math.min(step * tileOfStep, widest) : 0;
  const before = tile + Math.max(arrow, tile && tileGap); // what stands left of the circles
  return {count, shown, lines, step, r, tile, before, label, width: before + 2 * r + label};
}

function placesOf({shown, lines, step, r, tile, before, width}, left, middle) {
  return Array.from({length: shown}, (_, i) => {
    const x = left + before + r;
    const y = middle + (i - (lines - 1) / 2) * step;
    return {
      x, y, r,
      left: tile ? left : x - r, // where wires end and begin
      right: x + r,
      tile: tile ? {x: left, y: y - tile / 2, size: tile} : null,
      hit: {x: left - around, y: y - step / 2, width: Math.max(width, smallestTarget) + 2 * around, height: step},
    };
  });
}

// pixelPlace returns the place of pixel k on the paper.
export function pixelPlace({paper}, k, cols) {
  const x = paper.x + ((k % cols) + 0.5) * paper.pixel;
  const y = paper.y + (Math.floor(k / cols) + 0.5) * paper.pixel;
  return {x, y, left: x, right: x, r: paper.pixel / 2};
}

// brightest returns the numbers of the count neurons with the highest activations, in ascending order; it always
// has the neuron keep among them.
export function brightest(activations, count, keep) {
  const order = activations.map((_, j) => j);
  if (count >= order.length) return order;
  order.sort((i, j) => (j === keep) - (i === keep) || activations[j] - activations[i] || i - j);
  return order.slice(0, count).sort((i, j) => i - j);
}

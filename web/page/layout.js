// Where everything on the board stands. Pure functions: the layers and the size of the board in, places out.
// Every layer has one column. The first column is the paper, whose pixels are layer 0.

const narrowWidth = 560; // px; a phone
const shortHeight = 330; // px; a phone on its side, where the answer stands beside the paper
const crowded = 760; // px; less is too narrow for long bars
const foot = 26; // px below the columns, for the names of the layers
const top = 8;
const closest = 13;
const closestOfMany = 17;
const closestPictures = 24; // px from neuron to neuron
const many = 16; // more neurons than these need not all be shown
const farthest = 150;
const closestColumns = 10;
const allColumns = 0.2; // px between two columns, and the part of the width for all where there is room
const smallestPaper = 84;
const largestPaper = 800;

// layout returns the places for a network with these layers and pictures of rows x cols pixels. In Why, asks,
// the outputs need room for their errors.
export function layout({layers, rows, cols}, {width, height}, asks) {
  const narrow = width < narrowWidth;
  const beside = !narrow && height < shortHeight;
  const numbers = roomForNumbers(narrow, width < crowded, asks);
  const last = layers.length - 1;
  const margin = narrow ? 6 : 18;
  const space = height - top - foot;
  const columns = layers.slice(1).map((count, i) =>
    column(count, space, {
      pictures: i === 0,
      widest: Math.max(18, width * (last === 1 ? 0.3 : 0.11)),
      arrow: asks ? (narrow ? 9 : 18) : 4,
      label: i + 1 === last ? numbers.width : 0,
    }),
  );
  const saidHeight = beside ? 0 : narrow || width * 0.36 < 260 ? 92 : 66;
  const toolsHeight = narrow || beside ? 0 : 96;
  const deskHeight = saidHeight + toolsHeight;
  const deskWidth = beside ? 130 : 0;
  const used = columns.reduce((sum, c) => sum + c.width, 0);
  const free = width - 2 * margin - deskWidth - used - Math.max(last * closestColumns, narrow ? 0 : (width - crowded / 2) * allColumns);
  const size = Math.max(
    smallestPaper,
    Math.min(free, width * (narrow ? 0.41 : last === 1 ? 0.45 : 0.36), space - deskHeight, largestPaper),
  );
  const left = margin + deskWidth;
  const middle = top + space / 2;
  const gap = Math.max(0, (width - margin - left - size - used) / last);
  const paper = {
    x: left,
    y: Math.max(top, Math.min(middle - size / 2, top + space - deskHeight - size)),
    size,
    pixel: size / Math.max(rows, cols),
  };
  let x = left + size;
  for (const c of columns) {
    x += gap;
    c.places = placesOf(c, x, middle);
    c.x = x + c.width / 2;
    x += c.width;
  }
  const said = beside ? {x: margin, y: paper.y, width: deskWidth - 14} : {x: left, y: paper.y + size + 8, width: size};
  const tools = toolsHeight ? {x: left, y: said.y + saidHeight, width: size} : null;
  return {
    narrow,
    beside,
    numbers,
    paper,
    said,
    tools,
    columns: [null, ...columns],
    bottom: height - 9,
    distance: gap + columns[0].width,
  };
}

// roomForNumbers returns where the numbers of an output stand right of its circle: a, and in Why y and
// (a - y)^2 as a bar, which on a phone is below a.
function roomForNumbers(narrow, close, asks) {
  if (!asks) return {width: narrow ? 46 : 84};
  if (narrow) return {width: 46, bar: 3, below: 7, thick: 3, widest: 40};
  return close
    ? {width: 168, y: 76, bar: 94, below: -5, thick: 10, widest: 60}
    : {width: 212, y: 92, bar: 122, below: -5, thick: 10, widest: 78};
}

// column finds out how many neurons of a layer have room in its column, and how large they are. Beside each neuron
// of layer 1 is a picture of its weights; in Why, arrows stand left of the circles.
function column(count, space, {pictures, widest, arrow, label}) {
  const least = count <= many ? closest : pictures ? closestPictures : closestOfMany;
  const room = Math.max(2, Math.floor(space / least));
  const shown = count <= room ? count : room - 1;
  const step = Math.min(space / (shown < count ? shown + 1 : shown), farthest);
  const r = Math.min(step * 0.4, 6 + step * 0.16);
  const tile = pictures ? Math.min(step * 0.9, widest) : 0;
  const before = tile + (tile || arrow > 4 ? arrow : 0); // what stands left of the circles
  return {count, shown, step, r, tile, before, label, width: before + 2 * r + label};
}

function placesOf({count, shown, step, r, tile, before, width}, left, middle) {
  const rows = shown < count ? shown + 1 : shown; // the last row says how many are left out
  return Array.from({length: shown}, (_, i) => {
    const y = middle + (i - (rows - 1) / 2) * step;
    const x = left + before + r;
    return {
      x,
      y,
      r,
      left: tile ? left : x - r,
      right: x + r,
      tile: tile && {x: left, y: y - tile / 2, size: tile},
      hit: {x: left - 3, y: y - step / 2, width: Math.max(width, 24) + 6, height: step},
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

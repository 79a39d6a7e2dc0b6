// Pictures of the size of the network's: greys, and numbers above and below 0 in two colours.

import {state} from "./state.js";

const zero = [13, 16, 20];
const above = [96, 160, 255];
const below = [255, 105, 92]; // red, green and blue
const scaleOfWeights = 2.5; // root mean squares, which most weights are below
const scratch = document.createElement("canvas");
const context = scratch.getContext("2d", {willReadFrequently: true});

// picture returns a canvas on which paint has set the red, green and blue of each pixel k, at data[i] and after.
// It is always the same canvas, so it must be used before the next picture.
function picture(paint) {
  const {rows, cols} = state.setup;
  if (scratch.width !== cols || scratch.height !== rows) Object.assign(scratch, {width: cols, height: rows});
  const image = context.createImageData(cols, rows);
  image.data.fill(255);
  for (let k = 0; k < rows * cols; k++) paint(k, image.data, 4 * k);
  context.putImageData(image, 0, 0);
  return scratch;
}

export const greyPicture = a =>
  picture((k, data, i) => {
    data[i] = data[i + 1] = data[i + 2] = 255 * a[k];
  });

// signedPicture is dark at 0, blue above it and red below, in full colour at scale.
export const signedPicture = (value, scale) =>
  picture((k, data, i) => {
    const v = value(k);
    const share = Math.min(1, Math.abs(v) / scale);
    const full = v > 0 ? above : below;
    for (let c = 0; c < 3; c++) data[i + c] = zero[c] + share * (full[c] - zero[c]);
  });

// weightScale is one for all pictures of weights of a network.
export function weightScale() {
  const {weights, layers} = state.network;
  let squares = 0;
  for (const row of weights[0]) for (const w of row) squares += w * w;
  return scaleOfWeights * Math.sqrt(squares / layers[0] / layers[1]) || 1;
}

// paint draws a picture on a canvas of the size of the network's pictures.
export function paint(canvas, picture) {
  const {rows, cols} = state.setup;
  if (canvas.width !== cols || canvas.height !== rows) Object.assign(canvas, {width: cols, height: rows});
  canvas.getContext("2d").drawImage(picture, 0, 0);
}

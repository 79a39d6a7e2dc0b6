// How numbers are written: one format for all of them. Pure functions.

const digits = 4; // significant ones: as many as one can multiply by hand
const smallest = 1e-4; // what is closer to 0 has an exponent

// number writes x with four significant digits: 0.9913, 12.30, −0.002000, 3.000e−7.
export function number(x) {
  if (x === 0) return (0).toFixed(digits - 1); // minus zero too
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "not a number" : x > 0 ? "infinite" : "−infinite";
  const size = Math.abs(x);
  let text = size < smallest ? size.toExponential(digits - 1) : size.toPrecision(digits);
  if (text.includes("e+")) text = whole(size);
  return (x < 0 ? "−" : "") + text.replace("e-", "e−");
}

// precise writes an activation so that 1 minus it has four significant digits, too.
export const precise = a => (a > 0.5 && a < 1 ? a.toFixed(digits + Math.floor(-Math.log10(1 - a))) : number(a));

export const whole = n => Math.round(n).toLocaleString("en-US");
export const percent = share => (100 * share).toFixed(2) + "%";

const figureSpace = "\u2007"; // as wide as a digit

// aligned writes the numbers of one column. Each is filled up at its end, so that flush right all their
// decimal points stand below each other.
export function aligned(values) {
  const texts = values.map(x => (typeof x === "number" ? number(x) : (x ?? "")));
  const tails = texts.map(text => (text.includes(".") ? text.length - text.indexOf(".") : 0));
  const longest = Math.max(0, ...tails);
  return texts.map((text, i) => text + figureSpace.repeat(longest - tails[i]));
}

// anA puts the right article before a digit or a letter.
export const anA = name => (/^(8|11$|18$|[AEFHILMNORSX]$)/.test(name) ? "an " : "a ") + name;

// sentence makes a sentence of an error's text. The name of a file keeps its case.
export const sentence = text =>
  text.replace(/[^.?!]$/, "$&.").replace(/^[a-z]+(?=[ :,])/, word => word[0].toUpperCase() + word.slice(1));

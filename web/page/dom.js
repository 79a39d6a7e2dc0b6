// Elements of the page.

const svgNames = new Set(["rect", "circle", "path", "g", "text", "line"]);

// make returns a new element with attributes and children. Attributes that are functions are set as properties.
export function make(name, attributes = {}, ...children) {
  const element = svgNames.has(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element[key] = value;
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// put makes children the only children of an element.
export const put = (element, children) => element.replaceChildren(...children);

// write sets the text of an element, if it is another one: a text that stays is not spoken again.
export function write(id, text) {
  const element = document.getElementById(id);
  if (element.textContent !== text) element.textContent = text;
}

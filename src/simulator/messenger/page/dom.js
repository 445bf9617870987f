// Small means to build the page. Text only ever becomes text nodes: nothing here parses HTML.

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  attach: "M4 6.500h16v11H4zM4 15l4.500-4 4 3.500 3-2.500L20 15.500M15.500 9.500h.01",
  send: "M4 12 20 4l-4.500 16-4-6.500zM11.500 13.500 20 4",
  thumb: "M7 21V10l4.500-7c1.700.2 2.500 1.300 2.300 3L13.300 9H19a2 2 0 0 1 2 2.400l-1.500 7.200A3 3 0 0 1 16.600 21zM7 10H3.500v11H7",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

// What Messenger makes a link of: addresses, and names with a well-known ending. A shop's name in a
// bank's text can be one, which is why the page shows it.
const LINK =
  /\b(?:https?:\/\/[^\s<>"']+|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:com|net|org|io|co|uk|de|fr|es|mx|it|nl|eu|us|ca|au|in|jp|br|info|biz|app|dev|me|tv|shop|store|online|xyz|bank|example|test)\b(?:\/[^\s<>"']*)?)/gi;

export function linked(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(LINK)) {
    // The sentence's own full stop does not belong to the address; nor does half of a mail address.
    const words = found[0].replace(/[.,;:!?)\]}'"]+$/, "");
    if (text[found.index - 1] === "@" || text[found.index + words.length] === "@") continue;
    nodes.push(text.slice(at, found.index));
    const address = /^https?:/i.test(words) ? words : `http://${words}`;
    nodes.push(
      make("a", { href: address, target: "_blank", rel: "noopener noreferrer", title: "Messenger makes this a link" }, words),
    );
    at = found.index + words.length;
  }
  nodes.push(text.slice(at));
  return nodes.filter((node) => node !== "");
}

// Lays JSON out without reading it, so that what is shown is what was sent: no number is rounded,
// no key reordered, no escape changed.
export function layOut(raw) {
  let out = "";
  let depth = 0;
  let quoted = false;
  const line = () => "\n" + "  ".repeat(depth);
  for (let at = 0; at < raw.length; at++) {
    const c = raw[at];
    if (quoted) {
      out += c;
      if (c === "\\") out += raw[++at] ?? "";
      else if (c === '"') quoted = false;
    } else if (c === '"') {
      quoted = true;
      out += c;
    } else if (c === "{" || c === "[") {
      const closing = raw.slice(at + 1).match(/^\s*[}\]]/);
      if (closing) {
        out += c + closing[0].trim();
        at += closing[0].length;
      } else {
        depth++;
        out += c + line();
      }
    } else if (c === "}" || c === "]") {
      depth--;
      out += line() + c;
    } else if (c === ",") out += c + line();
    else if (c === ":") out += ": ";
    else if (!/\s/.test(c)) out += c;
  }
  return out;
}

export const read = (raw) => {
  try {
    return JSON.parse(raw);
  } catch {
    return {};
  }
};

const TIME = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat("en", { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SECOND = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const clock = (ms) => TIME.format(ms);
export const clockSeconds = (ms) => SECOND.format(ms);
export const day = (ms) => DAY.format(ms);

export async function ask(path, body) {
  const answer = await fetch(
    path,
    body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
  );
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `the simulator answered ${answer.status}`);
  return said;
}

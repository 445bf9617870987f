// Holds the page together: the state, the feed, the composer and the keyboard.

import { ask, byId, icon, make } from "./dom.js";
import { Inspector } from "./inspector.js";
import { Thread } from "./thread.js";
import { World } from "./world.js";

const state = { number: 0, people: [], threads: {}, profile: {}, psid: null, unread: new Set() };
let recalled = 0;

const words = byId("words");
const thread = new Thread({
  tell: act,
  chosen: (id) => inspector.reveal(id),
  logIn: (url) => window.open(`/chat/log-in?psid=${encodeURIComponent(state.psid)}&url=${encodeURIComponent(url)}`, "_blank", "noopener"),
});
const inspector = new Inspector({ marked: (ids) => thread.mark(ids) });
const world = new World({ psid: () => state.psid, failed });

start();

async function start() {
  for (const [id, name] of [["menu-open", "menu"], ["attach", "attach"], ["send", "send"], ["thumb", "thumb"]]) byId(id).append(icon(name));
  try {
    await load();
  } catch (error) {
    failed(error);
    setTimeout(() => location.reload(), 2000);
    return;
  }
  listen();
  if (!matchMedia("(pointer: coarse)").matches) words.focus();
}

async function load() {
  const all = await ask("/chat/state");
  Object.assign(state, { number: all.number, people: all.people, threads: all.threads, profile: all.profile });
  if (state.people.length === 0) {
    await ask("/chat/people", {});
    return load();
  }
  const wanted = remembered("psid");
  const known = state.people.some((person) => person.psid === wanted);
  show(known ? wanted : state.people[0].psid);
}

function listen() {
  const feed = new EventSource(`/chat/feed?after=${state.number}`);
  feed.onmessage = (event) => {
    failed(null);
    const change = JSON.parse(event.data);
    if (change.anew) load();
    else if (change.people) {
      state.people = change.people;
      drawPeople();
    } else if (change.profile) {
      state.profile = change.profile;
      drawMenu();
    } else if (change.world) world.look();
    else if (change.entry) take(change.psid, change.entry);
  };
  feed.onopen = () => failed(null);
  feed.onerror = () => failed(new Error("The simulator is gone. Start it again; this page comes back by itself."));
}

function take(psid, entry) {
  const entries = (state.threads[psid] ??= []);
  const at = entries.findLastIndex((old) => old.id === entry.id);
  if (at < 0) entries.push(entry);
  else entries[at] = entry;
  if (psid === state.psid) {
    thread.add(entry);
    inspector.update(entries);
  } else if (entry.kind === "out" && !state.unread.has(psid)) {
    state.unread.add(psid);
    drawPeople();
  }
}

function show(psid) {
  state.psid = psid;
  state.unread.delete(psid);
  remember("psid", psid);
  recalled = 0;
  drawPeople();
  drawMenu();
  const person = state.people.find((one) => one.psid === psid);
  const entries = (state.threads[psid] ??= []);
  thread.show(entries, person, state.profile);
  inspector.show(entries);
  world.look();
}

function drawPeople() {
  byId("person").replaceChildren(
    ...state.people.map((person) =>
      make(
        "option",
        { value: person.psid, selected: person.psid === state.psid },
        `${state.unread.has(person.psid) ? "• " : ""}${person.name}${person.linked ? "" : " (not linked)"}`,
      ),
    ),
  );
}

function drawMenu() {
  const menu = state.profile.persistent_menu?.find((one) => one.locale === "default")?.call_to_actions ?? [];
  byId("menu-open").hidden = menu.length === 0;
  byId("menu-body").replaceChildren(
    ...menu.map((item) =>
      item.type === "web_url" && /^https?:\/\//i.test(item.url)
        ? make("a", { href: item.url, target: "_blank", rel: "noopener noreferrer" }, item.title)
        : make(
            "button",
            {
              type: "button",
              on: {
                click: () => {
                  byId("menu").close();
                  act({ do: "postback", title: item.title, payload: item.payload ?? "" });
                },
              },
            },
            item.title,
          ),
    ),
  );
}

async function act(what, extra = {}) {
  try {
    await ask("/chat/act", { psid: state.psid, act: what, ...extra });
    failed(null);
  } catch (error) {
    failed(error);
  }
}

function failed(error) {
  const text = error ? error.message : "";
  const place = byId("trouble");
  if (place.textContent !== text) place.textContent = text;
}

// The composer.

function fit() {
  words.style.height = "auto";
  words.style.height = `${words.scrollHeight}px`;
  const empty = words.value.trim() === "";
  byId("send").hidden = empty;
  byId("thumb").hidden = !empty;
}

function write() {
  const text = words.value.trim();
  if (!text) return;
  words.value = "";
  recalled = 0;
  fit();
  act({ do: "write", text });
}

words.addEventListener("input", fit);
words.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    write();
  } else if (event.key === "ArrowUp" && (words.value === "" || recalled > 0)) recall(1, event);
  else if (event.key === "ArrowDown" && recalled > 0) recall(-1, event);
});

// As in a terminal: the arrow keys bring back what was written before.
function recall(step, event) {
  const before = (state.threads[state.psid] ?? []).filter((entry) => entry.kind === "in" && entry.act.do === "write").map((entry) => entry.act.text);
  const next = Math.min(recalled + step, before.length);
  if (next === recalled) return;
  event.preventDefault();
  recalled = next;
  words.value = recalled === 0 ? "" : before[before.length - recalled];
  fit();
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  write();
  words.focus();
});
byId("thumb").addEventListener("click", () => act({ do: "thumbs_up" }));
byId("attach").addEventListener("click", () => byId("picture").click());
byId("picture").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  event.target.value = "";
  if (!file) return;
  try {
    const answer = await fetch("/chat/picture", { method: "POST", headers: { "content-type": file.type || "application/octet-stream" }, body: file });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.error ?? "The picture is too large.");
    await act({ do: "attach", kind: "image" }, { picture: said.picture });
  } catch (error) {
    failed(error);
  }
});

// The keyboard. Alt and a number tap a quick reply from anywhere; a number alone does while the quick
// replies or the messages have the focus, so that numbers can still be written.

document.addEventListener("keydown", (event) => {
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1] ?? (/^[1-9]$/.test(event.key) ? event.key : null);
  if (digit && !event.ctrlKey && !event.metaKey && !document.querySelector("dialog[open]")) {
    const inside = byId("quick").contains(event.target) || event.target === byId("thread");
    const target = event.altKey || inside ? thread.nth(Number(digit)) : null;
    if (target) {
      event.preventDefault();
      target.click();
      thread.giveFocus();
    }
  }
});
byId("quick").addEventListener("keydown", (event) => {
  const all = [...byId("quick").children];
  const at = all.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined && all[to]) {
    event.preventDefault();
    all[to].focus();
  }
});

// The top.

byId("person").addEventListener("change", (event) => show(event.target.value));

byId("newcomer-open").addEventListener("click", () => {
  byId("newcomer-name").value = "";
  byId("newcomer-linked").checked = true;
  byId("newcomer").showModal();
});
byId("newcomer-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("newcomer").close();
  try {
    const { psid } = await ask("/chat/people", { name: byId("newcomer-name").value, linked: byId("newcomer-linked").checked });
    const all = await ask("/chat/state");
    state.people = all.people;
    show(psid);
    thread.giveFocus();
  } catch (error) {
    failed(error);
  }
});
byId("menu-open").addEventListener("click", () => byId("menu").showModal());

const toggle = byId("inspector-toggle");
const narrow = matchMedia("(max-width: 899px)");

function showInspector(open) {
  document.body.classList.toggle("closed", !open);
  toggle.setAttribute("aria-expanded", String(open));
}

toggle.addEventListener("click", () => {
  const open = document.body.classList.contains("closed");
  showInspector(open);
  remember(narrow.matches ? "inspector-narrow" : "inspector", open ? "open" : "closed");
});
const restore = () => showInspector(narrow.matches ? remembered("inspector-narrow") === "open" : remembered("inspector") !== "closed");
narrow.addEventListener("change", restore);
restore();

// Storage may be switched off; the page works without.

function remember(key, value) {
  try {
    localStorage.setItem(`bursar ${key}`, value);
  } catch {
    return;
  }
}

function remembered(key) {
  try {
    return localStorage.getItem(`bursar ${key}`);
  } catch {
    return null;
  }
}

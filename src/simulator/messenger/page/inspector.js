// The right side of the page: for each turn what was understood, asked, said, noted, and the exact JSON.

import { byId, clockSeconds, layOut, make, read } from "./dom.js";
import { inWords } from "./message.js";

const BEGAN = {
  said: "A message",
  tapped: "A tap",
  attached: "Something without words",
  edited: "An edit",
  reacted: "A reaction",
  arrived: "Came by a link",
  reported: "The bank reported",
  stepped_up: "Came back from the step-up page",
  send_failed: "A message could not be sent",
  control: "The thread changed hands",
  timer: "A timer fired",
};

export class Inspector {
  constructor({ marked }) {
    this.list = byId("turns");
    this.marked = marked;
    this.cards = new Map();
  }

  show(entries) {
    this.cards = new Map();
    this.list.replaceChildren();
    this.update(entries);
  }

  update(entries) {
    const cards = group(entries);
    byId("turn-count").textContent = cards.length ? String(cards.length) : "";
    byId("no-turns").hidden = cards.length > 0;
    for (const [at, card] of cards.entries()) {
      const print = JSON.stringify(card);
      const old = this.cards.get(card.key);
      if (old?.print === print) continue;
      const item = this.card(card, at);
      if (old) {
        keepOpen(old.item, item);
        old.item.replaceWith(item);
      } else this.list.prepend(item);
      this.cards.set(card.key, { print, item, card });
    }
  }

  // Brings the turn of a bubble into view.
  reveal(id) {
    for (const { item, card } of this.cards.values()) {
      const theirs = idsOf(card).includes(id);
      item.classList.toggle("marked", theirs);
      if (theirs) item.scrollIntoView({ block: "nearest" });
    }
  }

  card(card) {
    const { turn } = card;
    const title = card.did ? inWords(card.did.act) : (BEGAN[turn?.began] ?? "A turn");
    const at = card.did?.at ?? turn?.at;
    return make(
      "li",
      { class: "turn", on: { click: () => this.marked(idsOf(card)) } },
      make(
        "header",
        {},
        make("h3", {}, title),
        make("p", { class: "soft" }, [at && clockSeconds(at), turn && `${turn.ms} ms`].filter(Boolean).join(" · ")),
      ),
      turn && understood(turn),
      turn && bank(turn),
      turn && said(turn),
      turn && noted(turn),
      card.refused.map(refused),
      card.sends.map((send, at) => code(`Send API call${card.sends.length > 1 ? ` ${at + 1}` : ""}`, kindOf(send.raw), send.raw)),
      card.did?.webhook && code("Webhook", card.did.status === "taken" ? "answered 200" : card.did.status, card.did.webhook),
    );
  }
}

const idsOf = (card) => [card.did?.id, ...card.sends.map((send) => send.id)].filter(Boolean);

// One card for each thing the customer did and each turn that nobody's message began. What was sent
// belongs to the turn whose outbox row it names.
function group(entries) {
  const cards = [];
  const byMid = new Map();
  const byRow = new Map();
  const add = (key) => {
    const card = { key, did: null, turn: null, sends: [], refused: [] };
    cards.push(card);
    return card;
  };
  for (const entry of entries) {
    if (entry.kind === "in") {
      const card = byMid.get(entry.id) ?? add(entry.id);
      card.did = entry;
      byMid.set(entry.id, card);
    } else if (entry.kind === "turn") {
      const card = byMid.get(entry.mid) ?? add(entry.mid ?? entry.id);
      if (entry.mid) byMid.set(entry.mid, card);
      card.turn = entry;
      for (const one of entry.said) byRow.set(one.row, card);
    }
  }
  let last = null;
  for (const entry of entries) {
    if (entry.kind === "in") last = byMid.get(entry.id);
    if (entry.kind !== "out" && entry.kind !== "refused") continue;
    const row = read(entry.raw).message?.metadata;
    const card = byRow.get(row) ?? last ?? add(entry.id);
    (entry.kind === "out" ? card.sends : card.refused).push(entry);
  }
  return cards;
}

function keepOpen(old, fresh) {
  const open = [...old.querySelectorAll("details[open]")].map((one) => one.dataset.name);
  for (const one of fresh.querySelectorAll("details")) if (open.includes(one.dataset.name)) one.open = true;
  if (old.classList.contains("marked")) fresh.classList.add("marked");
}

function part(name, ...content) {
  return make("section", {}, make("h4", {}, name), make("div", {}, content));
}

function understood(turn) {
  const seen = turn.understanding;
  if (!seen) return turn.began === "said" ? part("Understood", make("p", { class: "soft" }, "not read: the thread or an open question decided")) : null;
  const readings = seen.intents.length ? seen.intents : seen.alternatives;
  return part(
    "Understood",
    make("p", {}, make("span", { class: `chip ${seen.decision}` }, seen.decision), " ", make("span", { class: "chip" }, seen.language)),
    readings.map(reading),
    readings.length === 0 && make("p", { class: "soft" }, "no reading is sure enough"),
  );
}

function reading(one) {
  const percent = Math.round(one.confidence * 100);
  return make(
    "div",
    { class: "reading" },
    make("code", {}, one.name),
    make("meter", { min: 0, max: 1, value: one.confidence, "aria-label": `Confidence ${percent} percent` }),
    make("span", { class: "number" }, `${percent} %`),
    Object.entries(one.slots ?? {}).map(([name, value]) =>
      make("span", { class: "slot" }, make("b", {}, name), " ", typeof value === "string" ? value : JSON.stringify(value)),
    ),
  );
}

function bank(turn) {
  if (!turn.reads.length && !turn.commands.length && !turn.calls.length) return null;
  return part(
    "Bank",
    turn.reads.map((one) =>
      make("p", { class: one.failure ? "bad" : "" }, make("code", {}, one.query), ` ${one.ms} ms`, one.failure && ` · ${one.failure}`),
    ),
    turn.commands.map((one) => make("p", {}, "told to ", make("code", {}, one))),
    turn.calls.length > 0 &&
      make(
        "details",
        { "data-name": "calls" },
        make("summary", {}, `${turn.calls.length} call${turn.calls.length > 1 ? "s" : ""} over HTTP`),
        make("pre", { tabindex: "0" }, turn.calls.join("\n")),
      ),
  );
}

function said(turn) {
  if (!turn.said.length) return part("Said", make("p", { class: "soft" }, turn.handed_over ? "handed over" : "nothing"));
  return part(
    "Said",
    turn.said.map((one, at) =>
      one.values.length
        ? make(
            "details",
            { "data-name": `said ${at}` },
            make("summary", {}, make("code", {}, `${one.intent}.${one.variant}`)),
            make(
              "table",
              {},
              make("thead", {}, make("tr", {}, ["Value", "Shown", "Where from"].map((head) => make("th", { scope: "col" }, head)))),
              make(
                "tbody",
                {},
                one.values.map((value) => make("tr", {}, make("th", { scope: "row" }, value.name), make("td", {}, value.value), make("td", {}, value.origin))),
              ),
            ),
          )
        : make("p", {}, make("code", {}, `${one.intent}.${one.variant}`)),
    ),
  );
}

function noted(turn) {
  const notes = [
    ...turn.cases.map((one) => ["case", one]),
    ...turn.audit.map((one) => ["audit", one]),
    ...(turn.handed_over ? [["thread", "handed over to a person"]] : []),
  ];
  if (!notes.length) return null;
  return part("Noted", notes.map(([kind, what]) => make("span", { class: "slot" }, make("b", {}, kind), " ", what)));
}

function refused(entry) {
  const title = entry.code === null || entry.code === undefined ? `Send failed (${entry.fault})` : `Graph refused: ${entry.code}${entry.subcode ? `/${entry.subcode}` : ""}`;
  return code(title, entry.words ?? "", entry.raw, true);
}

function kindOf(raw) {
  const { message } = read(raw);
  if (message?.text !== undefined) return message.quick_replies?.length ? "text, quick replies" : "text";
  return message?.attachment?.payload?.template_type ?? message?.attachment?.type ?? "";
}

function code(title, detail, raw, bad) {
  const body = make("pre", { tabindex: "0", "aria-label": `${title}, JSON` });
  const copy = make(
    "button",
    {
      type: "button",
      class: "plain copy",
      on: {
        click: async () => {
          try {
            await navigator.clipboard.writeText(raw);
            copy.textContent = "Copied";
          } catch {
            copy.textContent = "Cannot copy";
          }
        },
      },
    },
    "Copy",
  );
  const details = make(
    "details",
    {
      "data-name": title,
      class: bad ? "bad" : "",
      // Laid out only when looked at: there are many of them.
      on: { toggle: () => details.open && (body.textContent ||= layOut(raw)) },
    },
    make("summary", {}, title, detail && make("small", {}, ` ${detail}`)),
    make("div", { class: "code" }, body, copy),
  );
  return details;
}

// The middle of the page: one customer's bubbles, quick replies, typing dots and ticks.

import { byId, clock, day, make, read } from "./dom.js";
import * as message from "./message.js";

const TYPING_MS = 20_000;
const GAP_MS = 15 * 60_000;

const IDEAS = ["How much do I have?", "What did I spend on groceries last month?", "I lost my card", "I did not make this charge", "¿Cuánto tengo?", "Talk to a person"];

const ANSWERS = {
  sending: "Sending…",
  taken: "Delivered",
  lost: "Not delivered. The bot did not take it.",
};

export class Thread {
  // `tell(act, extra)` lets the customer act; `chosen(id)` hears which bubble was clicked.
  constructor({ tell, chosen, logIn }) {
    this.log = byId("thread");
    this.quick = byId("quick");
    this.tell = tell;
    this.chosen = chosen;
    this.taps = {
      postback: (title, payload) => tell({ do: "postback", title, payload }),
      logOut: () => tell({ do: "unlink" }),
      logIn,
    };
    this.alts = new Map();
    this.log.addEventListener("click", (event) => {
      if (event.target.closest("button, a, input")) return;
      const row = event.target.closest("[data-id]");
      if (row) this.chosen(row.dataset.id);
    });
  }

  // Shows another customer's thread, or the same one anew.
  show(entries, person, profile) {
    this.person = person;
    this.profile = profile ?? {};
    this.rows = new Map();
    this.order = [];
    this.stopTyping();
    this.log.setAttribute("aria-live", "off");
    this.log.replaceChildren();
    this.welcome = null;
    for (const entry of entries) this.place(entry);
    if (this.order.length === 0) this.greet();
    this.settle();
    this.toEnd();
    // What was there before is not news; what comes from now on is.
    setTimeout(() => this.log.setAttribute("aria-live", "polite"), 100);
  }

  add(entry) {
    const near = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 120;
    if (entry.kind === "action") return this.typing(entry);
    if (!this.place(entry)) return;
    if (entry.kind === "out" || entry.kind === "human") this.stopTyping();
    this.settle();
    if (near || entry.kind === "in") this.toEnd();
  }

  // Puts an entry's row where it belongs; entries that are no bubbles have none.
  place(entry) {
    if (entry.kind === "turn") {
      for (const said of entry.said) if (said.alt) this.alts.set(said.row, said.alt);
      return false;
    }
    const row = this.row(entry);
    if (!row) return false;
    const old = this.rows.get(entry.id);
    if (old) {
      // Only the tick changes; the bubble stays, so that nothing is read aloud twice.
      if (entry.kind === "in" && !entry.picture === !old.entry.picture) {
        old.entry = entry;
        return true;
      }
      old.row.replaceWith(row);
      this.rows.set(entry.id, { entry, row });
      return true;
    }
    this.welcome?.remove();
    this.welcome = null;
    const before = this.order.at(-1);
    if (!before || entry.at - this.rows.get(before).entry.at > GAP_MS || entry.at < this.rows.get(before).entry.at - 1000)
      this.log.append(make("p", { class: "when" }, day(entry.at)));
    this.log.append(row);
    this.rows.set(entry.id, { entry, row });
    this.order.push(entry.id);
    if (this.dots) this.log.append(this.dots);
    return true;
  }

  row(entry) {
    switch (entry.kind) {
      case "in":
        return this.line("mine", "You", entry, [message.done(entry.act, entry.picture)]);
      case "out": {
        const body = read(entry.raw);
        return this.line("theirs", "Bot", entry, message.sent(body.message, this.taps, this.alts.get(body.message?.metadata)));
      }
      case "human":
        return this.line("theirs person", "A person at the bank", entry, [make("div", { class: "bubble" }, entry.text)]);
      case "notice":
        return make("p", { class: "notice" }, entry.text);
      default:
        return null;
    }
  }

  line(side, speaker, entry, parts) {
    return make(
      "div",
      { class: `line ${side}`, "data-id": entry.id, title: clock(entry.at) },
      make("span", { class: "hidden" }, `${speaker}: `),
      side.includes("person") && make("span", { class: "speaker", "aria-hidden": "true" }, speaker),
      parts,
    );
  }

  // Quick replies belong to the last message only; the tick stands under the customer's last one.
  settle() {
    const last = this.order.map((id) => this.rows.get(id).entry).filter((entry) => ["in", "out", "human"].includes(entry.kind));
    const newest = last.at(-1);
    const replies = newest?.kind === "out" ? message.quickReplies(read(newest.raw).message) : [];
    const had = this.quick.contains(document.activeElement);
    this.quick.replaceChildren(
      ...replies.map((reply, at) =>
        make(
          "button",
          { type: "button", on: { click: () => this.tell({ do: "quick_reply", title: reply.title ?? "", payload: reply.payload ?? "" }) } },
          at < 9 && make("kbd", { "aria-hidden": "true" }, String(at + 1)),
          reply.title ?? "",
        ),
      ),
    );
    this.quick.hidden = replies.length === 0;
    if (had) this.giveFocus();
    this.tick(last);
  }

  tick(last) {
    this.ticks?.remove();
    const at = last.findLastIndex((entry) => entry.kind === "in");
    if (at < 0) return;
    const entry = last[at];
    let words = ANSWERS[entry.status] ?? "";
    if (entry.status === "refused")
      words = entry.answered ? `The bot answered ${entry.answered}. Trying again…` : "The bot does not answer. Trying again…";
    const seen = last.slice(at + 1).some((later) => later.kind !== "in");
    if (entry.status === "taken" && seen) words = "Seen";
    this.ticks = make("p", { class: `tick ${["refused", "lost"].includes(entry.status) ? "bad" : ""}`, "aria-hidden": "true" }, words);
    this.rows.get(entry.id).row.after(this.ticks);
  }

  greet() {
    const greeting = this.profile.greeting?.find((one) => one.locale === "default")?.text;
    const breakers = this.profile.ice_breakers?.flatMap((one) => one.call_to_actions ?? []) ?? [];
    const idea = (words, act) => make("button", { type: "button", on: { click: () => this.tell(act) } }, words);
    this.welcome = make(
      "div",
      { class: "welcome" },
      make("h2", {}, `You are ${this.person?.name ?? "a customer"}`),
      make("p", {}, greeting ?? (this.person?.linked === false
        ? "Your bank account is not linked yet. Write to the bot as a customer would."
        : "A customer of the simulated bank. Write to the bot as a customer would.")),
      make(
        "div",
        { class: "ideas", role: "group", "aria-label": "Ideas" },
        this.profile.get_started && idea("Get started", { do: "postback", title: "Get Started", payload: this.profile.get_started.payload }),
        breakers.map((one) => idea(one.question, { do: "postback", title: one.question, payload: one.payload })),
        breakers.length === 0 && IDEAS.map((words) => idea(words, { do: "write", text: words })),
      ),
    );
    this.log.append(this.welcome);
  }

  typing(entry) {
    if (entry.action !== "typing_on") {
      if (entry.action === "typing_off") this.stopTyping();
      return;
    }
    this.stopTyping();
    this.dots = make("div", { class: "line theirs", "aria-hidden": "true" }, make("div", { class: "bubble dots" }, make("i"), make("i"), make("i")));
    this.log.append(this.dots);
    this.toEnd();
    this.until = setTimeout(() => this.stopTyping(), TYPING_MS);
  }

  stopTyping() {
    clearTimeout(this.until);
    this.dots?.remove();
    this.dots = null;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  mark(ids) {
    for (const { row } of this.rows.values()) row.classList.toggle("marked", ids.includes(row.dataset.id));
  }

  giveFocus() {
    // On a phone, the keyboard would jump up.
    if (matchMedia("(pointer: coarse)").matches) this.log.focus({ preventScroll: true });
    else byId("words").focus();
  }

  // The nth thing to tap: a quick reply, or else a button of the last message.
  nth(number) {
    const quick = [...this.quick.querySelectorAll("button")];
    const last = [...this.log.querySelectorAll(".line.theirs")].at(-1);
    const all = quick.length ? quick : [...(last?.querySelectorAll(".buttons > *") ?? [])];
    return all[number - 1];
  }
}

// The drawer: what goes wrong around the bot, and what time it is there.

import { ask, byId, day, make } from "./dom.js";

const FAULTS = [
  ["", "works"],
  ["613 x3", "rate limit (613), the next 3 sends"],
  ["http 503 x2", "answers 503, the next 2 sends"],
  ["slow 3s", "takes 3 seconds"],
  ["swallows x1", "sends the next one but does not answer"],
  ["hangs x1", "hangs on the next one"],
  ["html x1", "answers a web page, once"],
  ["10/2018278 x1", "window closed (10), once"],
  ["551 x1", "person not available (551), once"],
  ["190", "token refused (190)"],
];

const HOUR = 3_600_000;
const STEPS = [
  [10 * 60_000, "10 minutes"],
  [HOUR, "1 hour"],
  [25 * HOUR, "25 hours"],
  [7 * 24 * HOUR, "7 days"],
];

export class World {
  constructor({ psid, failed }) {
    this.psid = psid;
    this.failed = failed;
    this.dialog = byId("world");
    byId("world-open").addEventListener("click", async () => {
      await this.look();
      this.dialog.showModal();
    });
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  async look() {
    if (!this.psid()) return;
    try {
      this.draw(await ask(`/chat/world?psid=${encodeURIComponent(this.psid())}`));
    } catch (error) {
      this.failed(error);
    }
  }

  async order(order) {
    try {
      this.draw(await ask("/chat/world", { psid: this.psid(), order }));
    } catch (error) {
      this.failed(error);
    }
  }

  // What is not as usual, in one line at the top of the page.
  weather(world) {
    const odd = world.switches.filter((one) => one.chosen !== one.choices[0]?.[0]).map((one) => `${one.label}: ${label(one)}`);
    if (world.faults.length) odd.push(`Graph: ${world.faults.join(", ")}`);
    if (world.human) odd.push("A person has the chat");
    if (world.blocked) odd.push("Page blocked");
    byId("weather").textContent = odd.join(" · ");
  }

  draw(world) {
    this.weather(world);
    const focused = this.dialog.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    const fault = world.faults.length ? (FAULTS.find(([words]) => sameFault(words, world.faults[0]))?.[0] ?? null) : "";
    byId("world-body").replaceChildren(
      ...world.switches.map((one) =>
        make(
          "fieldset",
          {},
          make("legend", {}, one.label),
          one.choices.map(([choice, words]) =>
            make(
              "label",
              { class: "choice" },
              make("input", {
                type: "radio",
                name: one.name,
                checked: choice === one.chosen,
                "data-name": `${one.name} ${choice}`,
                on: { change: () => this.order({ switch: { name: one.name, choice } }) },
              }),
              words,
            ),
          ),
        ),
      ),
      make(
        "fieldset",
        {},
        make("legend", {}, "Messenger"),
        make(
          "label",
          { class: "field" },
          "Graph ",
          make(
            "select",
            { "data-name": "fault", on: { change: (event) => this.order({ fault: event.target.value || null }) } },
            fault === null && make("option", { selected: true, disabled: true }, world.faults[0]),
            FAULTS.map(([words, text]) => make("option", { value: words, selected: words === fault }, text)),
          ),
        ),
        this.tick("blocked", "The customer has blocked the Page", world.blocked, (blocked) => this.order({ blocked })),
      ),
      make(
        "fieldset",
        {},
        make("legend", {}, "People"),
        this.tick("human", "A person at the bank has the chat", world.human, (human) => this.order({ human })),
        world.human && this.says(),
      ),
      make(
        "fieldset",
        {},
        make("legend", {}, "Clock"),
        make("p", {}, day(world.now)),
        world.clock
          ? make("div", { class: "row" }, STEPS.map(([ms, words]) => make("button", { type: "button", "data-name": words, on: { click: () => this.order({ advance: ms }) } }, `+ ${words}`)))
          : make("p", { class: "soft" }, "The clock is this machine's own."),
      ),
    );
    if (focused) this.dialog.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
  }

  tick(name, words, checked, change) {
    return make("label", { class: "tick" }, make("input", { type: "checkbox", checked, "data-name": name, on: { change: (event) => change(event.target.checked) } }), words);
  }

  says() {
    const words = make("input", { "aria-label": "What the person writes", placeholder: "Write as the person", maxlength: "500", "data-name": "says" });
    return make(
      "form",
      {
        class: "row",
        on: {
          submit: (event) => {
            event.preventDefault();
            if (words.value.trim()) this.order({ says: words.value.trim() });
          },
        },
      },
      words,
      make("button", {}, "Send"),
    );
  }
}

const label = (one) => one.choices.find(([choice]) => choice === one.chosen)?.[1] ?? one.chosen;

// `slow 3s` comes back as `slow 3000ms`, `613 x3` as `613 x2` after one send.
function sameFault(words, now) {
  const bare = (text) => text.replace(/ x\d+$/, "").replace(/(\d+)s$/, (_, n) => `${n}000ms`);
  return bare(words) === bare(now);
}

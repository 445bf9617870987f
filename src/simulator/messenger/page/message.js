// How a message looks: what the bot sent by its Send API body, what the customer did by their act.

import { linked, make } from "./dom.js";

// `taps` is what a tap leads to: postback(title, payload), logIn(url), logOut().

export function sent(message, taps, alt) {
  if (message?.text !== undefined) return [make("div", { class: "bubble" }, linked(message.text))];
  const attachment = message?.attachment;
  if (!attachment) return [make("div", { class: "bubble odd" }, "(an empty message)")];
  if (attachment.type !== "template") return [medium(attachment.type, attachment.payload ?? {}, alt)];
  const template = attachment.payload ?? {};
  switch (template.template_type) {
    case "button":
      return [make("div", { class: "card" }, make("p", {}, linked(template.text ?? "")), buttons(template.buttons, taps))];
    case "generic":
      return [carousel(template.elements ?? [], taps)];
    case "receipt":
      return [receipt(template)];
    case "media":
      return (template.elements ?? []).map((element) =>
        make("div", { class: "card" }, medium(element.media_type, element, alt), buttons(element.buttons, taps)),
      );
    default:
      return [make("div", { class: "bubble odd" }, `(a template of type ${template.template_type})`)];
  }
}

function buttons(list, taps) {
  if (!list?.length) return null;
  return make("div", { class: "buttons", role: "group", "aria-label": "Buttons" }, list.map((button) => tappable(button, taps)));
}

function tappable(button, taps) {
  const title = button.title ?? "";
  switch (button.type) {
    case "postback":
      return make("button", { type: "button", on: { click: () => taps.postback(title, button.payload) } }, title);
    case "web_url":
      return outward(button.url, title);
    case "phone_number":
      return make("a", { href: `tel:${String(button.payload).replace(/[^+\d]/g, "")}` }, title);
    case "account_link":
      return make("button", { type: "button", on: { click: () => taps.logIn(button.url) } }, "Log In");
    case "account_unlink":
      return make("button", { type: "button", on: { click: () => taps.logOut() } }, "Log Out");
    default:
      return make("span", { class: "odd" }, `(${button.type}) ${title}`);
  }
}

function outward(url, title) {
  const safe = /^https?:\/\//i.test(url ?? "");
  if (!safe) return make("span", { class: "odd" }, `${title} (not a web address)`);
  return make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, title, make("span", { class: "hidden" }, " (opens a new tab)"));
}

function carousel(elements, taps) {
  const cards = elements.map((element, at) =>
    make(
      "div",
      { class: "card", role: "group", "aria-roledescription": "card", "aria-label": `${at + 1} of ${elements.length}` },
      element.image_url && make("p", { class: "soft" }, `(picture: ${element.image_url})`),
      make("h3", {}, linked(element.title ?? "")),
      element.subtitle && make("p", { class: "soft" }, linked(element.subtitle)),
      element.default_action?.url && outward(element.default_action.url, element.default_action.url),
      buttons(element.buttons, taps),
    ),
  );
  if (cards.length === 1) return cards[0];
  return make("div", { class: "carousel", role: "group", "aria-roledescription": "carousel", "aria-label": `${cards.length} cards`, tabindex: "0" }, cards);
}

function receipt(template) {
  const price = (amount, currency = template.currency) => {
    try {
      return new Intl.NumberFormat("en", { style: "currency", currency }).format(amount);
    } catch {
      return `${amount} ${currency ?? ""}`;
    }
  };
  const row = (name, amount, strong) =>
    amount === undefined ? null : make("tr", { class: strong ? "total" : "" }, make("th", { scope: "row" }, name), make("td", {}, price(amount)));
  const summary = template.summary ?? {};
  const at = Number(template.timestamp) * 1000;
  return make(
    "div",
    { class: "card receipt" },
    make("h3", {}, template.merchant_name || "Receipt"),
    make("p", { class: "soft" }, [`No. ${template.order_number}`, at ? new Date(at).toLocaleString("en") : "", template.payment_method].filter(Boolean).join(" · ")),
    make(
      "table",
      {},
      make("caption", { class: "hidden" }, "Receipt"),
      make(
        "tbody",
        {},
        (template.elements ?? []).map((line) =>
          make(
            "tr",
            {},
            make("th", { scope: "row" }, line.quantity > 1 ? `${line.quantity} × ${line.title}` : line.title, line.subtitle && make("small", {}, line.subtitle)),
            make("td", {}, price(line.price, line.currency ?? template.currency)),
          ),
        ),
        row("Subtotal", summary.subtotal),
        row("Shipping", summary.shipping_cost),
        row("Tax", summary.total_tax),
        row("Total", summary.total_cost, true),
      ),
    ),
  );
}

// A picture by address is only named: the page loads nothing from elsewhere.
function medium(kind, payload, alt) {
  const id = payload.attachment_id;
  const words = alt ?? `A ${kind} from the bot. What it shows is said beside it.`;
  if (!id) return make("div", { class: "bubble odd" }, `(${kind} at ${payload.url ?? "no address"})`);
  const source = `/chat/media/${encodeURIComponent(id)}`;
  if (kind === "video") return make("video", { class: "medium", src: source, controls: true, "aria-label": words });
  if (kind === "audio") return make("audio", { class: "medium", src: source, controls: true, "aria-label": words });
  if (kind === "file") return make("a", { class: "bubble", href: source, download: "" }, "File from the bot");
  return make("img", { class: "medium", src: source, alt: words });
}

export function done(act, picture) {
  switch (act.do) {
    case "write":
      return make("div", { class: "bubble" }, linked(act.text));
    case "quick_reply":
      return make("div", { class: "bubble" }, act.title);
    case "postback":
      return make("div", { class: "bubble" }, act.title);
    case "thumbs_up":
      return make("div", { class: "bubble big", role: "img", "aria-label": "Thumbs up" }, "👍");
    case "sticker":
      return make("div", { class: "bubble big" }, "(sticker)");
    case "attach":
      return picture
        ? make("img", { class: "medium", src: `/chat/media/${encodeURIComponent(picture)}`, alt: "The picture that was attached" })
        : make("div", { class: "bubble" }, `(${act.kind})`);
    default:
      return make("div", { class: "bubble" }, `(${act.do})`);
  }
}

export function inWords(act) {
  switch (act?.do) {
    case "write":
      return `“${act.text}”`;
    case "quick_reply":
    case "postback":
      return `[${act.title}]`;
    case "thumbs_up":
      return "👍";
    case "attach":
      return `(${act.kind})`;
    default:
      return `(${act?.do ?? "?"})`;
  }
}

export function quickReplies(message) {
  return (message?.quick_replies ?? []).filter((reply) => reply.content_type === "text");
}

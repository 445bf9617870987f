// Drives the chat page of `bursar dev` in a real Chromium: BURSAR names the binary. Run `npm install` here first.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(CHROMIUM)) {
  console.error(`LEFT OUT: the chat page was not tested; there is no Chromium at ${CHROMIUM}`);
  process.exit(process.env.CI ? 1 : 0);
}

const bot = spawn(process.env.BURSAR ?? "target/release/bursar", ["dev", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
const url = await new Promise((resolve, reject) => {
  bot.stdout.on("data", (data) => resolve(/http:\/\/\S+/.exec(data)[0]));
  bot.on("exit", (code) => reject(new Error(`bursar dev ended with ${code}`)));
});
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const errors = [];
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => new URL(request.url()).origin === url || errors.push(`asked elsewhere: ${request.url()}`));
  await page.goto(url);
  await page.waitForSelector(".welcome");

  // Writes and waits for words of the answer that were not there before. Keyboard only: the field has the focus.
  const after = async (act, words) => {
    const count = (text) => page.locator(".line.theirs", { hasText: text }).count();
    const before = await count(words);
    await act();
    for (let waited = 0; (await count(words)) <= before; waited += 50) {
      assert.ok(waited < 15_000, `no answer with ${words}`);
      await page.waitForTimeout(50);
    }
  };
  const say = (text, words) =>
    after(async () => {
      await page.keyboard.type(text);
      await page.keyboard.press("Enter");
    }, words);

  await say("how much is in checking", /••1234/);
  await say("and savings?", /••5678/);
  await say("freeze my card", /Which card/);
  await after(() => page.keyboard.press("Alt+1"), /is stopped/);
  await say("where does my money go", /Spent|spent/);
  await page.keyboard.press("Alt+1");
  await page.waitForSelector(".line.theirs img");
  await say("receipt for netflix", /Netflix/);
  await say("when is my credit card due", /due/);
  await say("alert me if my checking goes below 100", /less than \$100\.00/);
  await say("what's my debit card limit", /Cash machines/);
  await say("im going to mexico from dec 1 to dec 10", /Tell the bank/);
  await after(() => page.keyboard.press("Alt+1"), /The bank knows/);
  await say("whats the account number of my savings", /don't belong in a chat/);
  const opened = page.waitForEvent("popup");
  await page.locator(".line.theirs", { hasText: "don't belong in a chat" }).last().locator("a, button", { hasText: "Show the numbers" }).click();
  const shown = await opened;
  await shown.locator("button").click();
  assert.match(await shown.locator("main").innerText(), /Account number\s+\d{6}5678/);
  await shown.close();
  await page.focus("#words");
  await say("I did not make this charge", /case 1/);
  await say("¿cuánto tengo?", /Ahorros/);
  await say("<img src=x onerror=alert(1)>", /./);
  assert.equal(await page.locator("#thread img[src=x]").count(), 0, "what is written is shown, never run");
  const inspector = await page.locator("#turns").innerText();
  for (const words of ["balance", "dispute", "act", "Send API call", "answered 200", "case_opened"]) assert.ok(inspector.includes(words), words);
  assert.ok(!inspector.includes("[object"), "everything is words");

  await page.setViewportSize({ width: 390, height: 844 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth || document.querySelector("#composer").getBoundingClientRect().right > innerWidth);
  assert.ok(!wide, "nothing is cut off on a phone");
  await page.click("#inspector-toggle");
  assert.ok(await page.locator("#inspector").isVisible());

  await page.click("#newcomer-open");
  await page.click("#newcomer-form button");
  await page.waitForSelector(".welcome");
  await page.waitForFunction(() => document.querySelectorAll("#person option").length === 2);
  await page.focus("#words");
  await say("talk to a person", /person/i);
  assert.deepEqual(errors, []);
  console.log("the chat page works");
} finally {
  await browser.close();
  bot.removeAllListeners("exit");
  bot.kill("SIGINT");
}

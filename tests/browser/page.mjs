// The page of `taper serve`, as people use it.
//
//   node page.mjs FOLDER SCREENSHOTS

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { serve, train } from "./server.mjs";

const [folder, shots] = process.argv.slice(2);

/** Digits as strokes, in shares of the drawing area; they are small and off the center on purpose. */
const STROKES = {
  0: [[[.50, .20], [.40, .24], [.34, .36], [.33, .50], [.37, .62], [.46, .68], [.56, .66], [.63, .56], [.64, .42], [.60, .28], [.50, .20]]],
  3: [[[.35, .24], [.44, .19], [.54, .21], [.58, .30], [.53, .38], [.45, .41], [.55, .44], [.61, .53], [.57, .64], [.46, .68], [.35, .63]]],
  4: [[[.42, .20], [.36, .34], [.32, .46], [.48, .47], [.66, .46]], [[.55, .22], [.55, .44], [.54, .70]]],
  7: [[[.32, .22], [.48, .22], [.64, .21], [.56, .38], [.49, .54], [.44, .70]]],
};

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
let problems = [];

/** A fresh page at `url`; what its console reports, and requests to elsewhere, are problems. */
async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.on("console", message => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", error => problems.push(error.message));
  page.on("request", request => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) problems.push(`request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver(list => list.getEntries().filter(entry => !entry.hadRecentInput).forEach(entry => window.shifts.push(
        `${entry.value.toFixed(4)} ${entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 60))}`)))
      .observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(url);
  return page;
}

async function draw(page, strokes) {
  const { x, y, width, height } = await page.locator(".stage canvas").boundingBox();
  for (const [first, ...rest] of strokes) {
    const at = ([px, py]) => [x + px * width, y + py * height];
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...at(point), { steps: 4 });
    await page.mouse.up();
  }
}

const answer = page => page.locator(".answer");

/** Waits until the answer matches `pattern`. */
async function answered(page, pattern) {
  await page.waitForFunction(text => new RegExp(text).test(document.querySelector(".answer")?.textContent), pattern.source)
    .catch(async () => assert.fail(`expected ${pattern}, found: ${await answer(page).textContent()}`));
}

/** Runs the command that the page shows, and compares its answer with what the bars show. */
async function repeat(page, cwd) {
  const command = await page.locator("pre").textContent();
  const reply = JSON.parse(execFileSync("bash", ["-c", command], { cwd, encoding: "utf8", env: { ...process.env, TOKEN: "0123456789abcdef0123" } }));
  assert.ok(reply.predictions, JSON.stringify(reply));
  return reply.predictions;
}

/** Takes a screenshot, and reports what axe finds that people with disabilities could not use. */
async function settled(page, name) {
  await page.waitForTimeout(250);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  problems.push(...violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes.map(({ html }) => html)}`));
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

const tests = {
  async "digits are drawn with the mouse and recognized"(browser, url) {
    const page = await open(browser, url);
    await page.getByRole("radio", { name: /digits/ }).check();
    for (const [digit, strokes] of Object.entries(STROKES)) {
      await page.getByRole("button", { name: "Clear" }).click();
      await draw(page, strokes);
      await answered(page, new RegExp(`^${digit} `));
      const [values] = await repeat(page, folder);
      assert.equal(values.indexOf(Math.max(...values)), Number(digit));
      assert.equal(await page.locator(".best .name").textContent(), digit);
    }
    assert.match(await page.locator("#panel").textContent(), /Answered in [\d.]+ ms/);
    await settled(page, "digits-light");
    const pixels = await page.evaluate(() => {
      const seen = document.querySelector(".seen canvas"), { data } = seen.getContext("2d").getImageData(0, 0, 28, 28);
      const rows = Array.from({ length: 28 }, (_, y) => Array.from({ length: 28 }, (_, x) => data[4 * (28 * y + x)]));
      return rows;
    });
    const inked = pixels.flatMap((row, y) => row.map((ink, x) => ({ ink, x, y }))).filter(({ ink }) => ink > 0);
    const mass = inked.reduce((sum, { ink }) => sum + ink, 0);
    const center = axis => inked.reduce((sum, pixel) => sum + pixel.ink * (pixel[axis] + .5), 0) / mass;
    assert.ok(Math.abs(center("x") - 14) < .2 && Math.abs(center("y") - 14) < .2, `centered at ${center("x")}, ${center("y")}`);
    const tall = Math.max(...inked.map(({ y }) => y)) - Math.min(...inked.map(({ y }) => y)) + 1;
    assert.ok(tall >= 19 && tall <= 22, `${tall} pixels high`);
    assert.deepEqual(await page.evaluate(() => window.shifts), []);
  },

  async "a digit is drawn with a finger on a phone"(browser, url) {
    const page = await open(browser, url, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
    await page.getByText("digits", { exact: true }).first().tap();
    await page.locator(".stage").scrollIntoViewIfNeeded();
    const { x, y, width, height } = await page.locator(".stage canvas").boundingBox();
    const session = await page.context().newCDPSession(page);
    for (const stroke of STROKES[3]) {
      const touch = (type, points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points });
      const at = ([px, py]) => [{ x: x + px * width, y: y + py * height }];
      await touch("touchStart", at(stroke[0]));
      for (const point of stroke.slice(1)) await touch("touchMove", at(point));
      await touch("touchEnd", []);
    }
    await answered(page, /^3 /);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360, "wider than the phone");
    await settled(page, "digits-phone");
  },

  async "a digit is drawn with the keyboard alone"(browser, url) {
    const page = await open(browser, url, { colorScheme: "dark", reducedMotion: "reduce" });
    await page.getByRole("radio").first().waitFor();
    await page.keyboard.press("Tab");
    for (const _ of [1, 2]) {
      if (!await page.getByRole("radio", { name: /digits/ }).isChecked()) await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Tab");
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") || document.activeElement.textContent);
    assert.match(await focused(), /^Drawing area/);
    const press = async (key, times) => { for (let i = 0; i < times; i++) await page.keyboard.press(key); };
    await press("ArrowUp", 6); await press("ArrowLeft", 4);
    await press("Space", 1); await press("ArrowRight", 8);
    for (let i = 0; i < 14; i++) { await press("ArrowDown", 1); if (i % 3 === 0) await press("ArrowLeft", 1); }
    await press("Space", 1);
    await answered(page, /^7 /);
    await settled(page, "digits-dark");
    const names = [];
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press("Tab");
      names.push(await focused());
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.equal(outline, "solid", `no visible focus at ${names.at(-1)}`);
    }
    assert.deepEqual(names, ["Clear", "Choose image…", "Copy", "Command that repeats the request", "OpenAPI description"]);
  },

  async "an image file is chosen, dropped and repeated with curl"(browser, url) {
    const page = await open(browser, url);
    await page.getByRole("radio", { name: /digits/ }).check();
    await draw(page, STROKES[4]);
    await answered(page, /^4 /);
    const content = await page.evaluate(() => document.querySelector(".seen canvas").toDataURL().split(",")[1]);
    const name = "it's a four.png";
    writeFileSync(join(folder, name), Buffer.from(content, "base64"));
    await page.getByRole("button", { name: "Clear" }).click();
    await answered(page, /^The answer appears/);
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Choose image…" }).click()]);
    await chooser.setFiles(join(folder, name));
    await answered(page, /^4 /);
    const [values] = await repeat(page, folder);
    assert.equal(values.indexOf(Math.max(...values)), 4);
    await page.getByRole("button", { name: "Clear" }).click();
    const dropped = await page.evaluateHandle(async content => {
      const bytes = Uint8Array.from(atob(content), char => char.charCodeAt(0)), transfer = new DataTransfer();
      transfer.items.add(new File([bytes], "four.png", { type: "image/png" }));
      return transfer;
    }, content);
    for (const type of ["dragover", "drop"]) await page.dispatchEvent(".stage", type, { dataTransfer: dropped });
    await answered(page, /^4 /);
    await settled(page, "image");
    const damaged = { name: "damaged.png", mimeType: "image/png", buffer: Buffer.from("no image") };
    await page.locator("input[type=file]").setInputFiles(damaged);
    await answered(page, /^The server answered 400: .+/);
    problems = problems.filter(problem => !problem.includes("400 (Bad Request)"));
    assert.equal(await page.locator(".best").count(), 0, "bars of an earlier answer");
    assert.deepEqual(await page.evaluate(() => window.shifts), []);
    await settled(page, "error");
  },

  async "a table is a form with a field per column"(browser, url) {
    const page = await open(browser, url);
    await page.getByRole("radio", { name: /customers/ }).check();
    await page.getByLabel("plan", { exact: true }).selectOption("pro");
    await page.getByRole("button", { name: "Predict" }).click();
    await answered(page, /“age” needs a number/);
    assert.equal(await page.evaluate(() => document.activeElement.id), await page.getByLabel("age", { exact: true }).getAttribute("id"));
    await page.keyboard.type("40");
    await page.getByLabel("months", { exact: true }).fill("20");
    await page.keyboard.press("Enter");
    await answered(page, /^stays \d/);
    await repeat(page, folder);
    await page.getByLabel("age", { exact: true }).fill("33.5");
    await page.getByRole("button", { name: "Predict" }).click();
    await page.waitForFunction(() => document.querySelector("pre").textContent.includes("33.5"));
    await settled(page, "table");
  },

  async "numbers are typed for other networks"(browser, url) {
    const page = await open(browser, url, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    await page.getByRole("radio", { name: /line/ }).check();
    await page.getByRole("button", { name: "Predict" }).click();
    await answered(page, /Type 1 number first/);
    await page.getByLabel(/^Values/).fill("0.5\nx");
    await page.getByRole("button", { name: "Predict" }).click();
    await answered(page, /Line 2: “x” is not a number/);
    await page.getByLabel(/^Values/).fill("0.5\n-0.25");
    await page.getByRole("button", { name: "Predict" }).click();
    await answered(page, /Sample 1: (1|0.99|1.00)\d*Sample 2: -0.(5|49|50)/);
    assert.equal((await repeat(page, folder)).length, 2);
    await page.getByLabel(/^Values/).fill("1 2 3");
    await page.getByRole("button", { name: "Predict" }).click();
    await answered(page, /^The server answered 400: .+/);
    problems = problems.filter(problem => !problem.includes("400 (Bad Request)"));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360, "wider than the phone");
    await settled(page, "numbers-phone-dark");
  },

  async "a server that stops is reported, and one that needs a token asks for it"(browser) {
    const { url, stop } = await serve(folder, "digits=digits", "--set", "serve.auth.tokens=\"tokens\"");
    const page = await open(browser, url);
    await page.getByLabel(/needs a token/).waitFor();
    await settled(page, "token");
    await page.getByLabel(/needs a token/).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "the token is not valid" }).waitFor();
    await page.getByLabel(/needs a token/).fill("0123456789abcdef0123");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.type === "radio");
    await draw(page, STROKES[7]);
    await answered(page, /^7 /);
    const command = await page.locator("pre").textContent();
    assert.ok(command.includes("Bearer $TOKEN") && !command.includes("0123456789"), command);
    await repeat(page, folder);
    assert.ok(problems.every(problem => problem.includes("401 (Unauthorized)")), problems.join("\n"));
    stop();
    await page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor({ timeout: 30_000 });
    problems = [];
  },

  async "the page can be turned off"() {
    const { url, stop } = await serve(folder, "digits=digits", "--set", "serve.page=false");
    for (const path of ["/", "/page/models.json"]) assert.equal((await fetch(url + path)).status, 404);
    stop();
  },
};

train(folder);
const server = await serve(folder, "digits=digits", "customers=customers", "line=line");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ARGUMENTS });
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  problems = [];
  try {
    await test(browser, server.url);
    assert.deepEqual(problems, []);
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}\n${problems.join("\n")}`);
  }
}
await browser.close();
server.stop();
process.exitCode = failed ? 1 : 0;

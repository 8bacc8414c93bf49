// Opens the overview of a running server in Chromium, wide and narrow, light and dark, checks what
// must be there, and writes a screenshot of each: node e2e/overview.mjs BASE_URL FOLDER
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
/** @type {("light" | "dark")[]} */
const SCHEMES = ["light", "dark"];
const CARDS = ["Win rate", "Revenue-weighted win rate", "Deal friction index", "Won amount"];
const HEADINGS = [
  "Overview",
  "Win rate over time",
  "Open alerts",
  "Segments",
  "Why it changed",
  "Pipeline",
  "Cohorts",
  "This week",
  "This month",
];

const [baseUrl, folder] = process.argv.slice(2);
if (!baseUrl || !folder) {
  console.error("usage: npm run e2e -- BASE_URL FOLDER, such as http://127.0.0.1:7878 screenshots");
  process.exit(2);
}
await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.PLAYWRIGHT_CHROMIUM ?? "/usr/bin/chromium",
  args: FLAGS,
});
try {
  for (const size of SIZES) {
    for (const scheme of SCHEMES) await check(baseUrl, folder, size, scheme);
  }
} finally {
  await browser.close();
}

/**
 * @param {string} url
 * @param {string} output
 * @param {{ width: number, height: number }} viewport
 * @param {"light" | "dark"} colorScheme
 */
async function check(url, output, viewport, colorScheme) {
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
  const complaints = watch(page, new URL(url).origin);
  await page.goto(url);
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  for (const name of CARDS) await page.getByRole("article", { name, exact: true }).waitFor();
  for (const name of HEADINGS) await page.getByRole("heading", { name, exact: true }).waitFor();
  await page.getByRole("img", { name: /^Win rate by month/ }).waitFor();
  await page.getByRole("columnheader", { name: "Deal size" }).waitFor();
  const alerts = page.getByRole("region", { name: "Open alerts" });
  await alerts.getByRole("article").or(alerts.getByText("Nothing to act on")).first().waitFor();
  await page.waitForLoadState("networkidle");

  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.equal(overflow, 0, `the page is ${overflow} px wider than ${viewport.width} px`);
  await page.screenshot({
    path: join(output, `overview-${viewport.width}-${colorScheme}.png`),
    fullPage: true,
  });

  await walkByKeyboard(page);
  await page.getByRole("combobox", { name: "Segments by" }).selectOption("region");
  await page.getByRole("columnheader", { name: "Region" }).waitFor();
  await page.waitForLoadState("networkidle");
  assert.deepEqual(complaints, []);
  await page.close();
  console.log(`ok: ${viewport.width} px, ${colorScheme}`);
}

/** @param {import("playwright-core").Page} page */
async function walkByKeyboard(page) {
  await page.keyboard.press("Tab");
  const focused = await page.evaluate(() => document.activeElement?.textContent);
  assert.equal(focused, "Skip to content", "the first tab stop is the skip link");
  await page.getByRole("radio", { name: "Monthly" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("img", { name: /^Win rate by quarter/ }).waitFor();
}

/**
 * Collects every error of the console and every request that leaves the server.
 * @param {import("playwright-core").Page} page
 * @param {string} origin
 */
function watch(page, origin) {
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) complaints.push(`request to ${url}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} for ${response.url()}`);
  });
  return complaints;
}

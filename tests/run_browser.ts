// Runs a bundle in a page of headless Chromium and prints what it prints.
//
//   node build/run_browser.node.js BUNDLE
//
// The bundle ends by setting globalThis.__dualgradDone, which finish() in host.ts does.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import type { Browser, Page } from "playwright-core";
import { closingLine, UNAVAILABLE } from "./run_child.ts";
import type { Totals } from "./run_child.ts";
import { unpackChromium } from "./run_chromium.ts";

const PAGE = `<!doctype html><meta charset="utf-8"><title>tests</title>
<script type="module">
await import("/bundle.js").catch((error) => {
  globalThis.__dualgradBroken = error?.stack ?? String(error);
});
</script>`;

// Settings of the harness; in a page they come in the address.
const SETTINGS = ["SEED", "ONLY", "SECONDS"];

interface PageGlobals {
  readonly __dualgradDone?: Totals;
  readonly __dualgradBroken?: string;
}

/** Serves the page and its bundle on a free port. @returns the page's address */
async function serve(bundle: string): Promise<{ url: string; close: () => void }> {
  const script = await readFile(bundle);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/") response.setHeader("content-type", "text/html").end(PAGE);
    else if (pathname === "/bundle.js") {
      response.setHeader("content-type", "text/javascript").end(script);
    } else response.writeHead(204).end(); // the browser asks for an icon
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo; // a port was asked for, so not a pipe's name
  const url = new URL(`http://127.0.0.1:${port}/`);
  for (const name of SETTINGS) {
    const value = process.env[name];
    if (value) url.searchParams.set(name, value);
  }
  return { url: url.href, close: () => server.close() };
}

async function launch(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  const { executablePath, libraryPath } = unpackChromium();
  const args = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
  const LD_LIBRARY_PATH = [libraryPath, process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
  const env = { ...process.env, LD_LIBRARY_PATH } as Record<string, string>;
  // Without the browser's own sandbox, which root and most containers cannot have.
  return chromium.launch({ executablePath, args, env, chromiumSandbox: false });
}

/** Waits for the page's totals. @throws Error if its script does not load, or breaks off */
async function outcome(page: Page): Promise<Totals> {
  const crashed = new Promise<never>((_, reject) => {
    page.once("crash", () => reject(new Error("the page crashed")));
    page.once("pageerror", reject); // nothing in the page handles it, so it may wait for ever
  });
  const ended = page.waitForFunction(() => {
    const { __dualgradDone, __dualgradBroken } = globalThis as PageGlobals;
    return __dualgradBroken ?? __dualgradDone;
  }, undefined, { timeout: 0, polling: 50 });
  const result = await (await Promise.race([ended, crashed])).jsonValue();
  if (typeof result === "object") return result;
  throw new Error(`the page's script broke off: ${result}`);
}

async function run(browser: Browser, bundle: string): Promise<void> {
  const { url, close } = await serve(bundle);
  try {
    const page = await browser.newPage();
    page.on("console", (message) => console.log(stripVTControlCharacters(message.text())));
    const [totals] = await Promise.all([outcome(page), page.goto(url, { waitUntil: "commit" })]);
    console.log(closingLine(totals)); // the page's own may still be under way
    if (totals.failed > 0) process.exitCode = 1;
  } finally {
    close();
  }
}

async function main(): Promise<void> {
  const bundle = process.argv[2];
  if (bundle === undefined) throw new Error("run_browser: no bundle given.");
  let browser: Browser;
  try {
    browser = await launch();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    console.log(`${UNAVAILABLE} no Chromium here (${reason})`);
    return;
  }
  try {
    await run(browser, bundle);
  } catch (error) {
    console.log(error instanceof Error ? error.stack : String(error));
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

await main();

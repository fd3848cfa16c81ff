// Uses the page as a user does, and prints what it shows: node page.mjs URL SCENARIO TENANT [FILE]
import { browser } from "./browser.mjs";

const [url, scenario, tenant, file] = process.argv.slice(2);
const TIMEOUT = 60_000;

/** A page in a new browser context, with the console errors and the requests to other servers. */
async function visit(chromium, options = {}) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT);
  const consoleErrors = [];
  const foreign = [];
  page.on("console", (entry) => ["error", "warning"].includes(entry.type()) && consoleErrors.push(entry.text()));
  page.on("pageerror", (error) => consoleErrors.push(String(error)));
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) {
      foreign.push(request.url());
    }
  });
  await page.goto(url);
  return { page, consoleErrors, foreign };
}

const signInAs = (page, slug, handle) =>
  page.getByRole("group", { name: slug }).getByRole("button", { name: handle }).click();
const switchTo = (page, user) => page.getByLabel("Switch user").selectOption(user);
const selected = (page) => page.getByLabel("Switch user").locator("option:checked").innerText();
const account = (page) => page.locator(".account p").innerText();
const notes = (page) => page.locator(".result-notes").innerText();

/** The result, once it contains `text`; read from the editor, because the screen shows only part of it. */
async function result(page, text) {
  const handle = await page.waitForFunction((expected) => {
    const models = globalThis.__MONACO?.editor.getModels() ?? [];
    const shown = models.find((each) => each.uri.path.includes("response"))?.getValue();
    return shown?.includes(expected) && shown;
  }, text);
  return JSON.parse(await handle.jsonValue());
}

/** Replaces the document in the editor, as pasting does; typing would close brackets twice. */
async function write(page, query) {
  await page.locator(".graphiql-query-editor .view-lines").click();
  await page.evaluate((text) => {
    const models = globalThis.__MONACO.editor.getModels();
    models.find((each) => each.uri.path.includes("operation")).setValue(text);
  }, query);
  // GraphiQL reads the name of the operation a moment later, and shows it as the name of the tab.
  const name = /^\w+ (\w+)/.exec(query)[1];
  await page.locator(".graphiql-tab", { hasText: name }).waitFor();
}
const run = (page) => page.keyboard.press("ControlOrMeta+Enter");

/** A request to the API without the page. */
async function api(query, variables, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(new URL("graphql", url), { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return (await response.json()).data;
}

/** Renames one of rep1's opportunities, as another client does. */
async function rename(name) {
  const input = { tenant, email: `rep1@${tenant}.example`, password: "relata-demo" };
  const { signIn } = await api("mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }", { input });
  const found = await api("{ opportunities(first: 1, filter: { status: { eq: OPEN } }) { nodes { id } } }", {}, signIn.accessToken);
  const change = { id: found.opportunities.nodes[0].id, name };
  await api("mutation ($input: OpportunityUpdateInput!) { opportunityUpdate(input: $input) { userErrors { message } } }", { input: change }, signIn.accessToken);
}

const SCENARIOS = {
  async users({ page }) {
    const start = await page.locator(".sign-in").innerText();
    const before = await page.evaluate(() => performance.getEntriesByType("resource").map((each) => each.name));
    await signInAs(page, "acme", "rep1");
    const first = { answer: await result(page, "totalCount"), account: await account(page) };
    await page.getByText("may read all requested fields").waitFor();
    first.notes = await notes(page);
    first.selected = await selected(page);
    await switchTo(page, `${tenant}/limited`);
    await page.locator(".account strong", { hasText: "Mei Tanaka" }).waitFor();
    await page.locator(".result-notes", { hasText: "hidden from" }).waitFor();
    const second = { answer: await result(page, "totalCount"), account: await account(page), notes: await notes(page), selected: await selected(page) };
    await page.getByLabel("Show Documentation Explorer").click();
    await page.locator(".graphiql-doc-explorer", { hasText: "Mutation" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator(".sign-in").waitFor();
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    return { start, before, first, second, stored };
  },

  async form({ page }) {
    const fill = async (password) => {
      await page.getByRole("textbox", { name: "Tenant" }).fill("acme");
      await page.getByLabel("Email").fill("Support@Acme.example");
      await page.getByLabel("Password").fill(password);
      await page.keyboard.press("Enter");
    };
    await fill("not this one");
    const alert = page.locator(".card", { has: page.locator("form") }).getByRole("alert");
    const refused = await alert.innerText();
    await fill("relata-demo");
    await page.locator(".editor").waitFor();
    await result(page, "totalCount");
    return { refused, account: await account(page), selected: await selected(page) };
  },

  async live({ page }) {
    await signInAs(page, tenant, "rep1");
    await result(page, "totalCount");
    await write(page, `subscription Live {
      opportunities(filter: { name: { startsWith: "renamed here" } }) {
        kind
        changes { kind node { name margin { amount } } }
      }
    }`);
    await run(page);
    const first = await result(page, "SNAPSHOT");
    await rename("renamed here");
    const second = await result(page, "DELTA");
    const live = await notes(page);
    await switchTo(page, `${tenant}/limited`);
    await page.locator(".account strong", { hasText: "Mei Tanaka" }).waitFor();
    const other = await result(page, "SNAPSHOT");
    await page.locator(".result-notes", { hasText: "hidden from" }).waitFor();
    return { first, second, live, other, notes: await notes(page) };
  },

  async mutation({ page }) {
    const operations = [];
    page.on("request", (each) => operations.push(each.postDataJSON()?.operationName));
    await signInAs(page, tenant, "rep1");
    await result(page, "totalCount");
    await write(page, 'mutation Make { accountCreate(input: { name: "made here" }) { account { name } } }');
    await run(page);
    const done = await result(page, "made here");
    await switchTo(page, `${tenant}/rep2`);
    await page.locator(".account strong", { hasText: "Jonas Lindqvist" }).waitFor();
    await write(page, 'query Made { accounts(filter: { name: { eq: "made here" } }) { totalCount } }');
    await run(page);
    const after = await result(page, "totalCount");
    return { done, after, times: operations.filter((each) => each === "Make").length };
  },

  async examples({ page }) {
    await signInAs(page, tenant, "rep1");
    await result(page, "totalCount");
    await page.getByLabel("Open an example").selectOption({ label: "One account (rep1)" });
    return { answer: await result(page, '"found"'), tabs: await page.locator(".graphiql-tab").allInnerTexts() };
  },

  async narrow({ page }) {
    await page.setViewportSize({ width: 390, height: 844 });
    await signInAs(page, tenant, "rep1");
    await result(page, "totalCount");
    const box = (selector) => page.locator(selector).boundingBox();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    const parts = { editor: await box(".graphiql-editors"), response: await box(".graphiql-response") };
    const selects = [];
    for (const each of await page.locator(".toolbar select, .toolbar button").all()) selects.push(await each.boundingBox());
    if (file) await page.screenshot({ path: file });
    await page.getByLabel("Show Documentation Explorer").click();
    const mutation = page.locator(".graphiql-doc-explorer", { hasText: "Mutation" });
    await mutation.waitFor();
    const documentation = await box(".graphiql-plugin");
    if (file) await page.screenshot({ path: file.replace(".png", "-documentation.png") });
    await page.getByLabel("Hide Documentation Explorer").click();
    await page.locator(".graphiql-doc-explorer").waitFor({ state: "hidden" });
    return { width, ...parts, selects, documentation };
  },

  async refreshed({ page }) {
    const requests = [];
    let stale = false;
    await page.route("**/graphql", async (route) => {
      const body = route.request().postData() ?? "";
      requests.push(/signIn|refresh|signOut/.exec(body)?.[0] ?? "query");
      const headers = { ...route.request().headers() };
      if (stale && !body.includes("refresh")) {
        stale = false;
        headers.authorization = "Bearer expired";
      }
      await route.continue({ headers });
    });
    await signInAs(page, "acme", "rep1");
    await result(page, "totalCount");
    requests.length = 0;
    stale = true;
    await write(page, "query Who { viewer { employee { name } } }");
    await run(page);
    return { answer: await result(page, "viewer"), requests };
  },

  async ended({ page }) {
    await signInAs(page, tenant, "rep1");
    await result(page, "totalCount");
    await page.route("**/graphql", (route) => {
      const headers = route.request().headers();
      if (headers.authorization) headers.authorization = "Bearer none";
      const body = route.request().postData();
      return route.continue({ headers, postData: body.replace(/"refreshToken":"[^"]+"/, '"refreshToken":"no"') });
    });
    await page.locator(".graphiql-query-editor .view-lines").click();
    await run(page);
    return { message: await page.locator(".error").innerText(), start: await page.locator(".sign-in").isVisible() };
  },

  async refused({ page }) {
    let closing = false;
    const end = { code: 4400, reason: "No more" };
    await page.routeWebSocket("**/graphql", (socket) => (closing ? socket.close(end) : socket.connectToServer()));
    await page.reload(); // routes apply to pages loaded after them
    await signInAs(page, tenant, "rep1");
    await result(page, "totalCount");
    await write(page, "subscription Wrong { opportunities(after: \"no\") { kind } }");
    await run(page);
    const first = await result(page, "errors");
    closing = true;
    await write(page, "subscription Closed { opportunities { kind } }");
    await run(page);
    return { first, second: await result(page, "connection") };
  },

  async revalidated({ page }) {
    const query = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }";
    const input = { tenant, email: `rep1@${tenant}.example`, password: "relata-demo" };
    const { signIn } = await api(query, { input });
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    const path = "graphql?documentId=" + encodeURIComponent(file);
    const [ours, all] = [new Set(), []]; // the page's own files have entity tags too
    network.on("Network.requestWillBeSent", ({ requestId, request }) => {
      if (request.url.endsWith(path)) ours.add(requestId);
    });
    network.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode, headers }) => {
      all.push({ requestId, status: statusCode, coding: headers["content-encoding"] ?? null });
    });
    const bodies = [];
    for (let times = 0; times < 2; times++) {
      const request = [path, { headers: { authorization: `Bearer ${signIn.accessToken}` } }];
      bodies.push(await page.evaluate(async ([path, options]) => (await fetch(path, options)).json(), request));
    }
    return { responses: all.filter(({ requestId }) => ours.has(requestId)), bodies };
  },

  async picture({ page }) {
    await signInAs(page, tenant, "rep1");
    await result(page, "totalCount");
    await switchTo(page, `${tenant}/limited`);
    await page.locator(".result-notes", { hasText: "hidden from" }).waitFor();
    await page.waitForTimeout(1500); // colors come from a worker
    await page.screenshot({ path: file });
    return {};
  },
};

const chromium = await browser();
try {
  const visitor = await visit(chromium);
  const seen = await SCENARIOS[scenario](visitor);
  console.log(JSON.stringify({ ...seen, consoleErrors: visitor.consoleErrors, foreign: visitor.foreign }));
} finally {
  await chromium.close();
}

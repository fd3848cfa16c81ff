// Uses the page as a person would, and prints what is to be seen: node page.mjs URL WHAT TENANT [FILE]
import { browser } from "./browser.mjs";

const [url, what, tenant, file] = process.argv.slice(2);
const PATIENCE = 60_000;

/** A visitor with an own window, and all that the browser complained of. */
async function visit(chromium, options = {}) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  const foreign = [];
  page.on("console", (told) => ["error", "warning"].includes(told.type()) && complaints.push(told.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (asked) => {
    if (!/^(data|blob):/.test(asked.url()) && new URL(asked.url()).origin !== new URL(url).origin) {
      foreign.push(asked.url());
    }
  });
  await page.goto(url);
  return { page, complaints, foreign };
}

const become = (page, slug, handle) =>
  page.getByRole("group", { name: slug }).getByRole("button", { name: handle }).click();
const change = (page, whom) => page.getByLabel("See it as").selectOption(whom);
const who = (page) => page.locator(".who p").innerText();
const below = (page) => page.locator(".below").innerText();

/** The answer that is shown, once it holds `fits`; the editor has all of it, the screen a part. */
async function answer(page, fits) {
  const found = await page.waitForFunction((wanted) => {
    const models = globalThis.__MONACO?.editor.getModels() ?? [];
    const text = models.find((each) => each.uri.path.includes("response"))?.getValue();
    return text?.includes(wanted) && text;
  }, fits);
  return JSON.parse(await found.jsonValue());
}

/** Puts a document into the editor, in place of what is there, as pasting does: typed brackets it closes by itself. */
async function write(page, query) {
  await page.locator(".graphiql-query-editor .view-lines").click();
  await page.evaluate((text) => {
    const models = globalThis.__MONACO.editor.getModels();
    models.find((each) => each.uri.path.includes("operation")).setValue(text);
  }, query);
  // What is asked for has a name, which GraphiQL reads a moment later: the tab is called so.
  const name = /^\w+ (\w+)/.exec(query)[1];
  await page.locator(".graphiql-tab", { hasText: name }).waitFor();
}
const ask = (page) => page.keyboard.press("ControlOrMeta+Enter");

/** What the API answers to a program, beside the page. */
async function api(query, variables, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(new URL("graphql", url), { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return (await response.json()).data;
}

/** Gives one of rep1's opportunities another name, as somebody else would meanwhile. */
async function rename(name) {
  const input = { tenant, email: `rep1@${tenant}.example`, password: "relata-demo" };
  const { signIn } = await api("mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }", { input });
  const found = await api("{ opportunities(first: 1, filter: { status: { eq: OPEN } }) { nodes { id } } }", {}, signIn.accessToken);
  const change = { id: found.opportunities.nodes[0].id, name };
  await api("mutation ($input: OpportunityUpdateInput!) { opportunityUpdate(input: $input) { userErrors { message } } }", { input: change }, signIn.accessToken);
}

const WAYS = {
  async persons({ page }) {
    const start = await page.locator(".start").innerText();
    const before = await page.evaluate(() => performance.getEntriesByType("resource").map((each) => each.name));
    await become(page, "acme", "rep1");
    const first = { answer: await answer(page, "totalCount"), who: await who(page) };
    await page.getByText("Nothing is hidden").waitFor();
    first.below = await below(page);
    await change(page, `${tenant}/limited`);
    await page.locator(".who strong", { hasText: "Mei Tanaka" }).waitFor();
    await page.locator(".below", { hasText: "Hidden from" }).waitFor();
    const second = { answer: await answer(page, "totalCount"), who: await who(page), below: await below(page) };
    await page.getByLabel("Show Documentation Explorer").click();
    await page.locator(".graphiql-doc-explorer", { hasText: "Mutation" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator(".start").waitFor();
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    return { start, before, first, second, kept };
  },

  async form({ page }) {
    const fill = async (password) => {
      await page.getByLabel("Organisation").fill("acme");
      await page.getByLabel("E-mail").fill("support@acme.example");
      await page.getByLabel("Password").fill(password);
      await page.keyboard.press("Enter");
    };
    await fill("not this one");
    const refused = await page.getByRole("alert").innerText();
    await fill("relata-demo");
    await page.locator(".desk").waitFor();
    await answer(page, "totalCount");
    return { refused, who: await who(page) };
  },

  async live({ page }) {
    await become(page, tenant, "rep1");
    await answer(page, "totalCount");
    await write(page, `subscription Live {
      opportunities(filter: { name: { startsWith: "told here" } }) {
        kind
        changes { kind node { name margin { amount } } }
      }
    }`);
    await ask(page);
    const first = await answer(page, "SNAPSHOT");
    await rename("told here");
    const second = await answer(page, "DELTA");
    const live = await below(page);
    await change(page, `${tenant}/limited`);
    await page.locator(".who strong", { hasText: "Mei Tanaka" }).waitFor();
    const other = await answer(page, "SNAPSHOT");
    await page.locator(".below", { hasText: "Hidden from" }).waitFor();
    return { first, second, live, other, below: await below(page) };
  },

  async mutation({ page }) {
    const asked = [];
    page.on("request", (each) => asked.push(each.postDataJSON()?.operationName));
    await become(page, tenant, "rep1");
    await answer(page, "totalCount");
    await write(page, 'mutation Make { accountCreate(input: { name: "made here" }) { account { name } } }');
    await ask(page);
    const done = await answer(page, "made here");
    await change(page, `${tenant}/rep2`);
    await page.locator(".who strong", { hasText: "Jonas Lindqvist" }).waitFor();
    await write(page, 'query Made { accounts(filter: { name: { eq: "made here" } }) { totalCount } }');
    await ask(page);
    const after = await answer(page, "totalCount");
    return { done, after, times: asked.filter((each) => each === "Make").length };
  },

  async examples({ page }) {
    await become(page, tenant, "rep1");
    await answer(page, "totalCount");
    await page.getByLabel("Open an example").selectOption({ label: "One account" });
    return { answer: await answer(page, "accounts"), tabs: await page.locator(".graphiql-tab").allInnerTexts() };
  },

  async narrow({ page }) {
    await page.setViewportSize({ width: 360, height: 740 });
    await become(page, tenant, "rep1");
    await answer(page, "totalCount");
    const box = (selector) => page.locator(selector).boundingBox();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    return { width, editor: await box(".graphiql-editors"), response: await box(".graphiql-response") };
  },

  async renewed({ page }) {
    const asked = [];
    let stale = false;
    await page.route("**/graphql", async (route) => {
      const body = route.request().postData() ?? "";
      asked.push(/signIn|refresh|signOut/.exec(body)?.[0] ?? "query");
      const headers = { ...route.request().headers() };
      if (stale && !body.includes("refresh")) {
        stale = false;
        headers.authorization = "Bearer of-yesterday";
      }
      await route.continue({ headers });
    });
    await become(page, "acme", "rep1");
    await answer(page, "totalCount");
    asked.length = 0;
    stale = true;
    await write(page, "query Who { viewer { employee { name } } }");
    await ask(page);
    return { answer: await answer(page, "viewer"), asked };
  },

  async ended({ page }) {
    await become(page, tenant, "rep1");
    await answer(page, "totalCount");
    await page.route("**/graphql", (route) => {
      const headers = route.request().headers();
      if (headers.authorization) headers.authorization = "Bearer none";
      const body = route.request().postData();
      return route.continue({ headers, postData: body.replace(/"refreshToken":"[^"]+"/, '"refreshToken":"no"') });
    });
    await page.locator(".graphiql-query-editor .view-lines").click();
    await ask(page);
    return { told: await page.locator(".fault").innerText(), start: await page.locator(".start").isVisible() };
  },

  async refused({ page }) {
    let shut = false;
    const end = { code: 4400, reason: "No more" };
    await page.routeWebSocket("**/graphql", (socket) => (shut ? socket.close(end) : socket.connectToServer()));
    await page.reload(); // routes count for what is loaded after
    await become(page, tenant, "rep1");
    await answer(page, "totalCount");
    await write(page, "subscription Wrong { opportunities(after: \"no\") { kind } }");
    await ask(page);
    const first = await answer(page, "errors");
    shut = true;
    await write(page, "subscription Closed { opportunities { kind } }");
    await ask(page);
    return { first, second: await answer(page, "connection") };
  },

  async picture({ page }) {
    await become(page, tenant, "rep1");
    await answer(page, "totalCount");
    await change(page, `${tenant}/limited`);
    await page.locator(".below", { hasText: "Hidden from" }).waitFor();
    await page.waitForTimeout(1500); // colours come from a worker
    await page.screenshot({ path: file });
    return {};
  },
};

const chromium = await browser();
try {
  const visitor = await visit(chromium);
  const seen = await WAYS[what](visitor);
  console.log(JSON.stringify({ ...seen, complaints: visitor.complaints, foreign: visitor.foreign }));
} finally {
  await chromium.close();
}

// A page of a permitted origin with its session in cookies, and pages of other origins that try to use them:
// node cookies.mjs API PERMITTED OTHER ELSEWHERE TENANT SCRIPT, where SCRIPT is the program of the guide
import { browser } from "./browser.mjs";

const [api, permitted, other, elsewhere, tenant, script] = process.argv.slice(2);
const TIMEOUT = 60_000;
const SIGN_IN = `mutation ($input: SignInInput!) {
  done: signIn(input: $input) { accessToken refreshToken expiresAt userErrors { code } }
}`;
const VIEWER = "{ viewer { employee { name } } }";
const REFRESH = "mutation { done: refresh(input: {}) { accessToken refreshToken expiresAt userErrors { code } } }";
const input = { tenant, email: `admin@${tenant}.example`, password: "relata-demo" };

/** Runs in the page: sends a request with cookies, as a client in JavaScript does. */
const send = (page, query, { path = "/graphql", headers = { "x-session": "cookie" }, variables } = {}) =>
  page.evaluate(async ([url, headers, body]) => {
    try {
      const sent = { "content-type": "application/json", ...headers };
      const response = await fetch(url, { method: "POST", credentials: "include", headers: sent, body });
      return { status: response.status, body: await response.json() };
    } catch (error) {
      return { error: error.name };
    }
  }, [api + path, headers, JSON.stringify({ query, variables })]);

/** Runs in the page: a live list, and a change that arrives in it. */
const follow = (page) =>
  page.evaluate(async (url) => {
    const socket = new WebSocket(url.replace("http", "ws") + "/graphql", "graphql-transport-ws");
    const inbox = [];
    const waiting = [];
    socket.onmessage = ({ data }) => (waiting.shift() ?? ((each) => inbox.push(each)))(JSON.parse(data));
    const next = () => (inbox.length ? inbox.shift() : new Promise((resolve) => waiting.push(resolve)));
    await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
    socket.send(JSON.stringify({ type: "connection_init", payload: { "x-session": "cookie" } }));
    const kinds = [(await next()).type];
    const query = "subscription { opportunities(first: 100) { kind changes { id node { name } } } }";
    socket.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query } }));
    const first = (await next()).payload.data.opportunities;
    const rename = `mutation { opportunityUpdate(input: { id: "${first.changes[0].id}", name: "followed" }) { userErrors { code } } }`;
    const body = JSON.stringify({ query: rename });
    const headers = { "content-type": "application/json", "x-session": "cookie" };
    await fetch(url + "/graphql", { method: "POST", credentials: "include", headers, body });
    const second = (await next()).payload.data.opportunities;
    socket.close();
    return [...kinds, first.kind, second.kind, second.changes[0].node.name];
  }, api);

/** Runs in a page of another origin: everything that it can send without permission, and what it learns. */
const attack = (page, mutation, query) =>
  page.evaluate(async ([url, mutation, query]) => {
    const body = JSON.stringify({ query: mutation });
    const attempt = async (path, options) => {
      try {
        const response = await fetch(url + path, { credentials: "include", ...options });
        return `${response.type} ${await response.text()}`;
      } catch (error) {
        return error.name;
      }
    };
    const json = { "content-type": "application/json" };
    const get = `/graphql?query=${encodeURIComponent(query)}`;
    const learned = {
      header: await attempt("/graphql", { method: "POST", headers: { ...json, "x-session": "cookie" }, body }),
      json: await attempt("/graphql", { method: "POST", headers: json, body }),
      simple: await attempt("/graphql", { method: "POST", body }),
      opaque: await attempt("/graphql", { method: "POST", mode: "no-cors", body }),
      get: await attempt(get, {}),
      opaqueGet: await attempt(get, { mode: "no-cors" }),
      refresh: await attempt("/graphql/session", { method: "POST", mode: "no-cors", body }),
    };
    learned.socket = await new Promise((resolve) => {
      const socket = new WebSocket(url.replace("http", "ws") + "/graphql", "graphql-transport-ws");
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    });
    return learned;
  }, [api, mutation, query]);

/** A form that is sent from a page of another origin; its body is JSON, as an attacker makes it. */
async function submit(page, mutation) {
  const answered = page.waitForResponse((each) => each.url() === `${api}/graphql`);
  await page.evaluate(([url, name]) => {
    const form = Object.assign(document.createElement("form"), { method: "POST", action: `${url}/graphql`, enctype: "text/plain" });
    form.append(Object.assign(document.createElement("input"), { name, value: '"}' }));
    document.body.append(form);
    form.submit();
  }, [api, JSON.stringify({ query: mutation, ignored: "" }).slice(0, -2)]);
  const response = await answered;
  await page.waitForURL(`${api}/graphql`);
  return { status: response.status(), cookie: "cookie" in (await response.request().allHeaders()) };
}

async function main(context) {
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT);
  const paths = {};
  page.on("response", async (response) => {
    const request = response.request();
    const names = [...((await request.allHeaders()).cookie ?? "").matchAll(/([\w-]+)=/g)].map((each) => each[1]);
    if (request.method() === "POST") (paths[new URL(request.url()).pathname] ??= []).push(names);
  });
  await page.goto(permitted);
  const signedIn = await send(page, SIGN_IN, { path: "/graphql/session", variables: { input } });
  await page.reload();
  const reloaded = await send(page, VIEWER);
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  const refreshed = await send(page, REFRESH, { path: "/graphql/session" });
  const followed = await follow(page);
  const without = await send(page, VIEWER, { headers: {} });
  const cookies = (await context.cookies(`${api}/graphql/session`)).map(({ value, expires, ...each }) => each);

  const attacks = {};
  for (const [site, origin] of Object.entries({ other, elsewhere })) {
    const attacker = await context.newPage();
    const received = [];
    attacker.on("response", async (response) => {
      const { cookie } = await response.request().allHeaders();
      received.push({ method: response.request().method(), status: response.status(), cookie: Boolean(cookie) });
    });
    await attacker.goto(origin);
    received.length = 0;
    const forged = `mutation { accountCreate(input: { name: "forged" }) { account { id } } }`;
    const learned = await attack(attacker, forged, VIEWER);
    const forms = [await submit(attacker, forged)];
    await attacker.goto(origin);
    forms.push(await submit(attacker, "mutation { signOut { signedOut } }"));
    attacks[site] = { learned, forms, received };
  }
  const after = await send(page, VIEWER);
  const signedOut = await send(page, "mutation { signOut { signedOut } }");
  const left = (await context.cookies(`${api}/graphql/session`)).length;
  const ended = await send(page, VIEWER);
  const documented = [];
  page.on("response", (response) => response.request().method() === "POST" && documented.push(response.json()));
  await page.evaluate((text) => Object.getPrototypeOf(async () => {}).constructor(text)(), script);
  const guide = await Promise.all(documented);
  return { guide, signedIn, reloaded, stored, refreshed, followed, without, cookies, paths, attacks, after, signedOut, left, ended };
}

const chromium = await browser();
try {
  console.log(JSON.stringify(await main(await chromium.newContext())));
} finally {
  await chromium.close();
}

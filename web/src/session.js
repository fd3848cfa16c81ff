// Who is signed in: tokens are held in memory only, renewed before they end, and gone with the page.
import { API } from "./places.js";

const TOKENS = "accessToken refreshToken expiresAt userErrors { message }";
const SIGN_IN = `mutation ($input: SignInInput!) { told: signIn(input: $input) { ${TOKENS} } }`;
const REFRESH = `mutation ($input: RefreshInput!) { told: refresh(input: $input) { ${TOKENS} } }`;
const SIGN_OUT = "mutation { signOut { signedOut } }";
const WHO = "{ viewer { employee { name title } } }";
const EARLY = 60; // seconds before its end that a token is renewed

/** What went wrong, in words for the person at the screen. */
export class Refusal extends Error {
  constructor(message) {
    super(message);
    this.stack = undefined; // GraphiQL would show it
  }
}

/** The session is over: signing in again is the only way on. */
export class Ended extends Refusal {}

/** One request, and its answer, whatever its status. */
async function post(body, headers = {}) {
  let response;
  try {
    response = await fetch(API, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
    });
  } catch {
    throw new Refusal("The server does not answer. Is it still running?");
  }
  try {
    return { answer: await response.json(), date: response.headers.get("date") };
  } catch {
    throw new Refusal(`The server answered ${response.status} with something that is not JSON.`);
  }
}

/** The tokens that signing in or refreshing told, with the moment to renew them by our own clock. */
async function tokens(query, input) {
  const { answer, date } = await post({ query, variables: { input } });
  const told = answer.data?.told;
  const faults = told?.userErrors?.length ? told.userErrors : answer.errors;
  if (!told?.accessToken) {
    throw new Refusal(faults?.map((fault) => fault.message).join(" ") || "The server told no tokens.");
  }
  // Both moments are the server's, so it does not matter what our clock says.
  const lifetime = (Date.parse(told.expiresAt) - (Date.parse(date) || Date.now())) / 1000;
  return { ...told, renewAt: performance.now() + Math.max(lifetime - EARLY, lifetime / 2) * 1000 };
}

const isUnknown = ({ errors }) =>
  errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED") ?? false;

export class Session {
  #tokens;
  #renewing = null;

  constructor(given, credentials) {
    this.#tokens = given;
    this.tenant = credentials.tenant;
    this.email = credentials.email;
    this.name = credentials.email;
    this.title = null;
  }

  /** Signs in. Throws Refusal. */
  static async begin(credentials) {
    const session = new Session(await tokens(SIGN_IN, credentials), credentials);
    const who = (await session.ask({ query: WHO })).data?.viewer?.employee;
    session.name = who?.name ?? session.name;
    session.title = who?.title ?? null;
    return session;
  }

  /** A token that is good for a while. Throws Ended. */
  async token() {
    if (performance.now() >= this.#tokens.renewAt) await this.#renew();
    return this.#tokens.accessToken;
  }

  /** Makes the next to ask for a token renew it: the server did not take the one we have. */
  distrust() {
    this.#tokens.renewAt = 0;
  }

  /** Once, however many ask at a time: a refresh token that is used twice ends the session. */
  #renew() {
    this.#renewing ??= tokens(REFRESH, { refreshToken: this.#tokens.refreshToken })
      .then((given) => {
        this.#tokens = given;
      })
      .catch((error) => {
        throw new Ended(`Your session has ended. ${error.message}`);
      })
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }

  /** What the API answers; once more with a new token if it did not know ours, as after a computer's sleep. */
  async ask(body, headers) {
    const { answer } = await post(body, { ...headers, ...(await this.#bearer()) });
    if (!isUnknown(answer)) return answer;
    this.distrust();
    return (await post(body, { ...headers, ...(await this.#bearer()) })).answer;
  }

  async #bearer() {
    return { authorization: `Bearer ${await this.token()}` };
  }

  /** Signs out. What fails is of no account: the tokens are forgotten, and end by themselves. */
  async end() {
    await this.ask({ query: SIGN_OUT }).catch(() => {});
  }
}

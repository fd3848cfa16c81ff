// A signed-in session. Its tokens are kept in memory only, and refreshed before they expire.
import { API } from "./urls.js";

const TOKENS = "accessToken refreshToken expiresAt userErrors { message }";
const SIGN_IN = `mutation ($input: SignInInput!) { result: signIn(input: $input) { ${TOKENS} } }`;
const REFRESH = `mutation ($input: RefreshInput!) { result: refresh(input: $input) { ${TOKENS} } }`;
const SIGN_OUT = "mutation { signOut { signedOut } }";
const VIEWER = "{ viewer { employee { name title } } }";
const MARGIN = 60; // seconds before expiry at which a token is refreshed

/** An error whose message is meant for the user. */
export class Refusal extends Error {
  constructor(message) {
    super(message);
    this.stack = undefined; // GraphiQL would show it
  }
}

/** The session has ended: the user must sign in again. */
export class SessionEnded extends Refusal {}

/** Sends one request; returns the response body, whatever its status. */
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
    throw new Refusal("The server does not answer. Check that it is running.");
  }
  try {
    return { result: await response.json(), date: response.headers.get("date") };
  } catch {
    throw new Refusal(`The server answered with status ${response.status} and a body that is not JSON.`);
  }
}

/** The tokens that a sign-in or refresh returns, with the time at which to refresh them by the local clock. */
async function requestTokens(query, input) {
  const { result, date } = await post({ query, variables: { input } });
  const tokens = result.data?.result;
  const errors = tokens?.userErrors?.length ? tokens.userErrors : result.errors;
  if (!tokens?.accessToken) {
    throw new Refusal(errors?.map(({ message }) => message).join(" ") || "The server returned no tokens.");
  }
  // Both times are the server's, so a wrong local clock does not matter.
  const lifetime = (Date.parse(tokens.expiresAt) - (Date.parse(date) || Date.now())) / 1000;
  return { ...tokens, refreshAt: performance.now() + Math.max(lifetime - MARGIN, lifetime / 2) * 1000 };
}

const isUnauthenticated = ({ errors }) =>
  errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED") ?? false;

export class Session {
  #tokens;
  #refreshing = null;

  constructor(tokens, { tenant, email }) {
    this.#tokens = tokens;
    // Sign-in ignores case.
    this.tenant = tenant.trim().toLowerCase();
    this.email = email.trim().toLowerCase();
    this.name = this.email;
    this.title = null;
  }

  /** Signs in. Throws Refusal. */
  static async begin(credentials) {
    const session = new Session(await requestTokens(SIGN_IN, credentials), credentials);
    const employee = (await session.ask({ query: VIEWER })).data?.viewer?.employee;
    session.name = employee?.name ?? session.name;
    session.title = employee?.title ?? null;
    return session;
  }

  /** A valid access token. Throws SessionEnded. */
  async token() {
    if (performance.now() >= this.#tokens.refreshAt) await this.#refresh();
    return this.#tokens.accessToken;
  }

  /** Makes the next call of `token` refresh it, after the server has refused it. */
  expireToken() {
    this.#tokens.refreshAt = 0;
  }

  /** One request for all callers: using a refresh token twice ends the session. */
  #refresh() {
    this.#refreshing ??= requestTokens(REFRESH, { refreshToken: this.#tokens.refreshToken })
      .then((tokens) => {
        this.#tokens = tokens;
      })
      .catch((error) => {
        throw new SessionEnded(`Your session has ended. ${error.message}`);
      })
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  /** The API's response. Tries once more with a new token if the token was refused, as after a computer's sleep. */
  async ask(body, headers) {
    const { result } = await post(body, { ...headers, ...(await this.#authorization()) });
    if (!isUnauthenticated(result)) return result;
    this.expireToken();
    return (await post(body, { ...headers, ...(await this.#authorization()) })).result;
  }

  async #authorization() {
    return { authorization: `Bearer ${await this.token()}` };
  }

  /** Signs out. Failure is ignored: the tokens are forgotten, and expire by themselves. */
  async end() {
    await this.ask({ query: SIGN_OUT }).catch(() => {});
  }
}

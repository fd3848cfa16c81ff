// The server's URLs, relative to the page, so that they work behind a proxy with a path prefix.
const at = (path) => new URL(path, document.baseURI);

export const API = at("graphql");
export const WEBSOCKET = Object.assign(at("graphql"), { protocol: API.protocol.replace("http", "ws") });

/** A JSON file about this server; `fallback` if it cannot be loaded. */
export async function loadJson(name, fallback) {
  try {
    const response = await fetch(at(`graphiql/${name}.json`));
    return response.ok ? await response.json() : fallback;
  } catch {
    return fallback;
  }
}

/** A web worker of the editor, from this server as the content security policy demands. */
export const worker = (file) => new Worker(at(`graphiql/${file}`));

// Where things are, seen from the page, so that it works behind a proxy's prefix too.
const at = (path) => new URL(path, document.baseURI);

export const API = at("graphql");
export const LIVE = Object.assign(at("graphql"), { protocol: API.protocol.replace("http", "ws") });

/** One of the small files that tell the page about this server; `otherwise` if it cannot be had. */
export async function known(name, otherwise) {
  try {
    const answer = await fetch(at(`graphiql/${name}.json`));
    return answer.ok ? await answer.json() : otherwise;
  } catch {
    return otherwise;
  }
}

/** A background script of the editor: of this server, as the page's policy demands. */
export const worker = (file) => new Worker(at(`graphiql/${file}`));

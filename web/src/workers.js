// Where the editor finds its background scripts: their names are known when the page is built.
import { worker } from "./places.js";

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => worker(WORKERS[label] ?? WORKERS.editor),
};

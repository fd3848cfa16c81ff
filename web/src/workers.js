// The web workers of the editor; their file names are known when the page is built.
import { worker } from "./urls.js";

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => worker(WORKERS[label] ?? WORKERS.editor),
};

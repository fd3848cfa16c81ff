// A headless Chromium, unpacked once from the package that brings it, with what it needs of the system.
import { existsSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const HOME = join(HERE, "node_modules", ".browser");
const PACKED = join(HERE, "node_modules", "@sparticuz", "chromium", "bin");
const FONTS = `<?xml version="1.0"?>
<fontconfig><dir>${join(HOME, "fonts", "fonts")}</dir><cachedir>${join(HOME, "cache")}</cachedir></fontconfig>
`;

/** The browser, ready to be told what to do. */
export async function browser() {
  const { chromium: driver } = await import("playwright-core");
  if (!existsSync(HOME)) await unpack();
  process.env.TMPDIR = HOME; // the package looks there
  const { setupLambdaEnvironment } = await import("@sparticuz/chromium");
  setupLambdaEnvironment(join(HOME, "al2023", "lib"));
  return driver.launch({
    executablePath: join(HOME, "chromium"),
    args: ["--headless=shell", "--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
  });
}

/** Beside its place first, so that it is there whole or not at all. */
async function unpack() {
  const draft = mkdtempSync(`${HOME}-`);
  process.env.TMPDIR = draft;
  const { inflate } = await import("@sparticuz/chromium");
  for (const part of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"]) {
    await inflate(join(PACKED, part));
  }
  writeFileSync(join(draft, "fonts", "fonts.conf"), FONTS); // the one there names other places
  try {
    renameSync(draft, HOME);
  } catch (error) {
    if (!existsSync(HOME)) throw error; // else another run was quicker
  }
}

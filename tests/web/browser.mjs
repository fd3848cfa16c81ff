// Headless Chromium, unpacked once from its npm package together with the fonts and system libraries it needs.
import { existsSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const HOME = join(HERE, "node_modules", ".browser");
const PACKED = join(HERE, "node_modules", "@sparticuz", "chromium", "bin");
const FONTS = `<?xml version="1.0"?>
<fontconfig><dir>${join(HOME, "fonts", "fonts")}</dir><cachedir>${join(HOME, "cache")}</cachedir></fontconfig>
`;

/** Launches the browser. */
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

/** Unpacks into a temporary directory and renames it, so that HOME is never incomplete. */
async function unpack() {
  const temporary = mkdtempSync(`${HOME}-`);
  process.env.TMPDIR = temporary;
  const { inflate } = await import("@sparticuz/chromium");
  for (const part of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"]) {
    await inflate(join(PACKED, part));
  }
  writeFileSync(join(temporary, "fonts", "fonts.conf"), FONTS); // the packaged file names other directories
  try {
    renameSync(temporary, HOME);
  } catch (error) {
    if (!existsSync(HOME)) throw error; // another run unpacked it at the same time
  }
}

// Whether an environment holds what package.json declares: arguments are `strict` or `lenient`, the environment, and
// the names. With `strict`, each must also be importable. Prints what is wrong, a line each, and exits 1.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [mode, environment, ...names] = process.argv.slice(2);
const require = createRequire(join(environment, "package.json"));
const wrong = names
  .filter((name) => !existsSync(join(environment, "node_modules", name, "package.json")))
  .map((name) => `${name} was installed, but is not in the environment`);
if (mode === "strict" && wrong.length === 0) {
  for (const name of names) {
    try {
      await import(pathToFileURL(require.resolve(name)));
    } catch (error) {
      wrong.push(`${name}: import fails: ${error.message}`);
    }
  }
}
console.log(wrong.join("\n"));
process.exit(wrong.length > 0 ? 1 : 0);

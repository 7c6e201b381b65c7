// Imported before anything else, and plain enough for any Node: an older one would end in a SyntaxError somewhere in a dependency.
import process from "node:process";

const LEAST = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  process.stderr.write(
    `drover needs Node ${LEAST.join(".")} or newer, and this is ${process.versions.node}: install a newer one (https://nodejs.org, your distribution, or \`npm install -g n && n lts\`) and try again.\n`,
  );
  process.exit(2);
}

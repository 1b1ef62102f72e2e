// Prints GitHub's published example payloads, one JSON object a line, with `installation` injected where it is
// missing, signed by GitHub's own JavaScript library. Arguments: the folder that holds node_modules, the secret.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, secret] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const examples = require("@octokit/webhooks-examples/api.github.com/index.json");
const { sign } = await import(pathToFileURL(`${folder}/node_modules/@octokit/webhooks-methods/dist-node/index.js`));

for (const { name, examples: payloads } of examples) {
  for (const payload of payloads) {
    const body = JSON.stringify({ installation: { id: 4242 }, ...payload });
    console.log(JSON.stringify({ event: name, body, signature: await sign(secret, body) }));
  }
}

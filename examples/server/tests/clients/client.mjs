// Sends the same batches with Node's `fetch` and prints the responses.
//
// Usage: client.mjs URL TOKEN
import { readFileSync } from "node:fs";

const [url, token] = process.argv.slice(2);
const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));
for (const { path, pins } of cases) {
  const query = new URLSearchParams([["token", token], ...pins]);
  const response = await fetch(`${url}${path}?${query}`);
  console.log(JSON.stringify([response.status, await response.text()]));
}

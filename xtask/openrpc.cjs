// Validates an OpenRPC document with the library of the specification's own project.
// NODE_PATH must name the folder with its packages; `cargo xtask test --only openrpc` does that.
"use strict";

const { readFileSync } = require("node:fs");
const { validateOpenRPCDocument } = require("@open-rpc/schema-utils-js");

const [path] = process.argv.slice(2);
const document = JSON.parse(readFileSync(path, "utf8"));
const verdict = validateOpenRPCDocument(document);
if (verdict !== true) {
  console.error(`${path}: ${verdict.message}`);
  process.exit(1);
}
console.log(`${path}: valid OpenRPC ${document.openrpc}, ${document.methods.length} methods`);

#!/usr/bin/env node
// The two calls that forge makes of a compiler, answered by solc-js: --version, and --standard-json on standard input.
import { readFileSync } from "node:fs";
import solc from "solc";

if (process.argv.includes("--version")) {
  const [version] = solc.version().split(".Emscripten");
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}.Linux.g++`);
} else {
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
}

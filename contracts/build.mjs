// Compiles src/ with the pinned solc-js and writes the artefact, or with --check compares it byte for byte.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import solc from "solc";

const here = (path) => new URL(path, import.meta.url);
const ARTEFACT = here("artefact/Registry.json");

const settings = {
  evmVersion: "london",
  optimizer: { enabled: true, runs: 10000 },
  viaIR: true,
  metadata: { bytecodeHash: "none", appendCBOR: false },
};

const sources = Object.fromEntries(
  readdirSync(here("src/"))
    .filter((name) => name.endsWith(".sol"))
    .sort()
    .map((name) => [`src/${name}`, { content: readFileSync(here(`src/${name}`), "utf8") }]),
);
const outputSelection = { "src/Registry.sol": { Registry: ["abi", "evm.bytecode.object"] } };
const input = { language: "Solidity", sources, settings: { ...settings, outputSelection } };

const output = JSON.parse(solc.compile(JSON.stringify(input)));
if (output.errors?.length) {
  for (const error of output.errors) console.error(error.formattedMessage);
  process.exit(1); // warnings are errors
}
const { abi, evm } = output.contracts["src/Registry.sol"].Registry;
const compiler = solc.version();
const bytecode = `0x${evm.bytecode.object}`;
const artefact = `${JSON.stringify({ contractName: "Registry", compiler, settings, abi, bytecode }, null, 1)}\n`;

if (!process.argv.includes("--check")) {
  writeFileSync(ARTEFACT, artefact);
} else if (readFileSync(ARTEFACT, "utf8") !== artefact) {
  console.error("contracts/artefact/Registry.json is not what src/ compiles to: run `make -C contracts artefact`");
  process.exit(1);
}
console.log(`Registry: ${(bytecode.length - 2) / 2} bytes of creation code, ${compiler}`);

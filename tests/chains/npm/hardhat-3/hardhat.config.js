// A block comes every so many milliseconds; where they come on demand, this is very long (tests/chains/programs.py).
const interval = Number(process.env.BLOCK_MILLISECONDS);
export default {
  networks: { node: { type: "edr-simulated", chainId: 31337, hardfork: "london", accounts: [], mining: { auto: false, interval } } },
};

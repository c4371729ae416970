// A block comes every so many milliseconds; where they come on demand, this is very long (tests/chains/programs.py).
const interval = Number(process.env.BLOCK_MILLISECONDS);
module.exports = {
  solidity: "0.8.37",
  networks: { hardhat: { chainId: 31337, hardfork: "london", accounts: [], mining: { auto: false, interval } } },
};
